"""The operator's own entries of the catalogue: pinned as all others, or refused with the reason."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from inference_service.catalog import Catalog, CatalogError, Kind
from inference_service.catalog.errors import BadCatalogueFileError
from inference_service.catalog.pull import pull
from inference_service.config import Config

CONTENT = b"weights of our own"
FILE = {
    "name": "ours.gguf",
    "size_bytes": len(CONTENT),
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
}
ENTRY: dict[str, Any] = {
    "id": "ours",
    "kind": "language_model",
    "engine": "llama.cpp",
    "licence": "Apache-2.0",
    "attribution": "By us.",
    "files": [FILE],
    "max_tokens": 4096,
}


def make_config(tmp_path: Path, *entries: object) -> Config:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(list(entries)))
    return Config(
        models_dir=tmp_path / "models",
        weights_dir=tmp_path / "weights",
        catalogue_file=path,
        offline=True,
    )


def test_a_model_of_the_operators_is_listed_and_installed_by_its_hash(tmp_path: Path) -> None:
    config = make_config(tmp_path, ENTRY)
    (tmp_path / "weights" / "ours").mkdir(parents=True)
    weights = tmp_path / "weights" / "ours" / "ours.gguf"
    weights.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(CatalogError, match="another content"):
        pull("ours", config, report=lambda _: None)
    weights.write_bytes(CONTENT)

    pulled = pull("ours", config, report=lambda _: None)

    entry = Catalog(config).resolve_kind(Kind.LANGUAGE_MODEL, "ours")
    assert entry.path == pulled.folder
    assert (entry.licence, entry.text and entry.text.max_tokens) == ("Apache-2.0", 4096)
    assert (pulled.folder / "ATTRIBUTION").read_text() == "By us.\nLicence: Apache-2.0\n"


def test_it_goes_before_a_model_of_ours_of_the_same_name(tmp_path: Path) -> None:
    config = make_config(tmp_path, {**ENTRY, "id": "qwen2.5-1.5b-instruct", "name": "Our own"})

    [found] = [
        entry
        for entry in Catalog(config).entries(Kind.LANGUAGE_MODEL)
        if entry.id == "qwen2.5-1.5b-instruct"
    ]

    assert found.name == "Our own"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"id": "../ours"}, "no name"),
        ({"kind": "translator"}, "go together"),
        ({"engine": "magic"}, "go together"),
        ({"files": []}, "no files"),
        ({"files": [{**FILE, "sha256": "abc"}]}, "SHA-256"),
        ({"files": [{**FILE, "name": "../../x"}]}, "plain name"),
        ({"kind": "translator", "engine": "firefox-translations"}, "pair"),
        ({"licence": None, "files": None}, "no list of models"),
    ],
)
def test_an_entry_that_can_not_be_used_stops_the_start(
    tmp_path: Path, changed: dict[str, Any], expected: str
) -> None:
    config = make_config(tmp_path, {**ENTRY, **changed})

    with pytest.raises(BadCatalogueFileError, match=expected):
        Catalog(config).entries(Kind.LANGUAGE_MODEL)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = Config(models_dir=tmp_path, catalogue_file=tmp_path / "nowhere.json")

    with pytest.raises(BadCatalogueFileError, match=r"nowhere\.json"):
        Catalog(config).entries(Kind.TRANSLATOR)
