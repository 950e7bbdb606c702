"""Models that an operator adds to the catalogue: a file of JSON, each file with its hash.

    [{"id": "madlad400-3b-mt", "name": "MADLAD-400 3B", "kind": "translator", "engine": "madlad",
      "licence": "Apache-2.0", "attribution": "MADLAD-400 by Google (Apache-2.0).",
      "files": [{"name": "model.bin", "size_bytes": 3, "sha256": "…"}, …],
      "hub": {"name": "someone/a-repository", "revision": "…"}}]

`hub`, `languages`, `pair` (source and target of a Firefox model), `max_tokens` and `dimensions` may
be left out. They are installed like all others, from STT_WEIGHTS_DIR, STT_WEIGHTS_URL or the hub.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from inference_service.catalog.entries import (
    FIREFOX_ENGINE,
    LLAMA_ENGINE,
    MADLAD_ENGINE,
    TEXT_ENCODER_ENGINE,
    CatalogueModel,
    HubRepository,
    Kind,
    Licence,
    Provenance,
    TextFacts,
    WeightFile,
)
from inference_service.catalog.errors import BadCatalogueFileError

_ENGINES = {
    LLAMA_ENGINE: Kind.LANGUAGE_MODEL,
    TEXT_ENCODER_ENGINE: Kind.EMBEDDER,
    FIREFOX_ENGINE: Kind.TRANSLATOR,
    MADLAD_ENGINE: Kind.TRANSLATOR,
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OWN_LICENCE = "own.txt"


def read_own_models(path: Path | None) -> tuple[CatalogueModel, ...]:
    """Return the models of the file; none without one. Raises BadCatalogueFileError."""
    if path is None:
        return ()
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise BadCatalogueFileError(f"STT_CATALOGUE_FILE ({path}) can't be read.") from error


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int) -> tuple[CatalogueModel, ...]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_describe(entry) for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCatalogueFileError(
            f"STT_CATALOGUE_FILE ({path}) is no list of models: {error}."
        ) from error


def _describe(entry: Mapping[str, Any]) -> CatalogueModel:
    model_id, engine = str(entry["id"]), str(entry["engine"])
    if not _NAME.fullmatch(model_id):
        raise ValueError(f"{model_id!r} is no name")
    if _ENGINES.get(engine) != entry["kind"]:
        known = ", ".join(f"{kind} on {name}" for name, kind in _ENGINES.items())
        raise ValueError(f"{model_id} is of no kind and engine that go together ({known})")
    files = tuple(_describe_file(file) for file in entry["files"])
    if not files:
        raise ValueError(f"{model_id} has no files")
    hub, pair = entry.get("hub"), entry.get("pair")
    if engine == FIREFOX_ENGINE and (not isinstance(pair, list) or len(pair) != 2):
        raise ValueError(f"{model_id} has no pair of languages")
    return CatalogueModel(
        id=model_id,
        name=str(entry.get("name") or model_id),
        kind=Kind(entry["kind"]),
        engine=engine,
        files=files,
        licence=Licence(
            str(entry["licence"]), _OWN_LICENCE, str(entry.get("attribution") or model_id)
        ),
        provenance=Provenance.ORIGINAL,
        hub=HubRepository(str(hub["name"]), str(hub["revision"])) if hub else None,
        installed_files=tuple(file.name for file in files),
        text=TextFacts(
            languages=tuple(map(str, entry.get("languages", ()))),
            max_tokens=int(entry.get("max_tokens", 0)),
            dimensions=int(entry.get("dimensions", 0)),
            pair=(str(pair[0]), str(pair[1])) if pair else None,
        ),
    )


def _describe_file(file: Mapping[str, Any]) -> WeightFile:
    name, sha256 = str(file["name"]), str(file["sha256"])
    if not _NAME.fullmatch(name) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"{name!r} has no plain name, or no SHA-256 of 64 digits")
    return WeightFile(name, int(file["size_bytes"]), sha256)
