"""Which models there are, and which of them answers to a name."""

import json
import shutil
from pathlib import Path

import pytest

from inference_service.catalog import (
    BadDefaultModelError,
    Catalog,
    Kind,
    ModelEntry,
    NotInstalledError,
    UnknownModelError,
)
from inference_service.catalog.entries import WindowMargin
from inference_service.config import Config
from tests.inference_service.engines.recordings import TINY_WHISPER, install_english_whisper

CATALOGUE = ["large-v3-turbo", "large-v3", "medium", "small", "base", "tiny.en"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"behind_s": 2, "shortest_s": 10, "step_s": 2.5}', WindowMargin(2, 10, 2.5)),
        ('{"behind_s": 2, "shortest_s": 10, "step_s": 0}', None),
        ('{"behind_s": 2}', None),
        ("two seconds", None),
    ],
)
def test_a_folder_of_weights_sets_how_short_its_windows_may_be_encoded(
    tmp_path: Path, text: str, expected: WindowMargin | None
) -> None:
    install(tmp_path, "a-model-of-ours")
    (tmp_path / "a-model-of-ours" / "window.json").write_text(text)

    assert _make_catalog(tmp_path).resolve("a-model-of-ours").window_margin == expected


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return _make_catalog(tmp_path)


def test_the_whispers_are_listed_where_nothing_is_installed(catalog: Catalog) -> None:
    models = catalog.models()

    assert [model.id for model in models] == CATALOGUE
    assert [model.speed for model in models[:4]] == ["fast", "standard", "fast", "very_fast"]
    assert [len(model.languages) for model in models] == [100, 100, 99, 99, 99, 1]
    assert not any(model.is_available for model in models)
    for model in models:
        assert f"pull {model.id}" in model.install_hint


@pytest.mark.parametrize("name", ["", "large-v3-turbo", "base"])
def test_every_name_is_refused_with_what_to_install_where_nothing_is(
    catalog: Catalog, name: str
) -> None:
    assert catalog.default_id() == ""
    assert catalog.served_by(name) == ""
    with pytest.raises(NotInstalledError, match="catalog pull base"):
        catalog.resolve(name)


def test_each_kind_of_model_is_found_by_its_kind(catalog: Catalog, tmp_path: Path) -> None:
    assert [entry.id for entry in catalog.entries(Kind.SPEAKER_MODEL)] == ["campplus"]
    assert catalog.find(Kind.SPEAKER_MODEL) is None
    assert [entry.id for entry in catalog.entries(Kind.ENHANCER)] == ["deepfilternet3", "gtcrn"]
    assert [entry.id for entry in catalog.entries(Kind.VOICE)] == [
        "hibari",
        "kokoro",
        "pocket-tts",
        "f5-tts",
    ]

    install(tmp_path, "base")
    found = catalog.find(Kind.RECOGNISER)

    assert found is not None
    assert (found.id, found.kind) == ("base", Kind.RECOGNISER)
    with pytest.raises(UnknownModelError):
        catalog.resolve("campplus")


def test_the_best_installed_model_answers_to_the_usual_names(
    catalog: Catalog, tmp_path: Path
) -> None:
    install(tmp_path, "small")
    install(tmp_path, "a-model-of-ours")

    assert catalog.resolve("").id == "small"
    assert catalog.resolve("large-v3-turbo").id == "small"
    assert catalog.resolve("a-model-of-ours").id == "a-model-of-ours"


def test_a_folder_model_answers_before_one_of_english_alone(
    catalog: Catalog, tmp_path: Path
) -> None:
    install_english_whisper(tmp_path / "tiny.en")
    install(tmp_path, "tiny")

    entry = catalog.resolve("large-v3-turbo")

    assert (entry.id, entry.name, entry.engine) == ("tiny", "tiny", "faster-whisper")
    assert len(entry.languages) == 99
    assert entry.detects_language
    assert entry.can_translate


def test_a_model_that_appears_while_the_server_runs_is_seen(
    catalog: Catalog, tmp_path: Path
) -> None:
    assert catalog.served_by("medium") == ""

    install(tmp_path, "medium")

    assert catalog.served_by("medium") == "medium"


def test_the_usual_model_itself_answers_where_it_is_installed(
    tmp_path: Path,
) -> None:
    install(tmp_path, "large-v3-turbo")
    install(tmp_path, "small")
    catalog = _make_catalog(tmp_path, default_model="small")

    assert catalog.resolve("").id == "small"
    assert catalog.resolve("large-v3-turbo").id == "large-v3-turbo"


def test_another_model_that_is_not_installed_is_refused_with_how_to_install_it(
    catalog: Catalog, tmp_path: Path
) -> None:
    install(tmp_path, "base")

    with pytest.raises(NotInstalledError, match=r"installed: base.*catalog pull large-v3`"):
        catalog.resolve("large-v3")


@pytest.mark.parametrize("name", ["enormous", "../tiny", ".small.partial", "SMALL"])
def test_a_name_that_no_model_has_is_refused(catalog: Catalog, tmp_path: Path, name: str) -> None:
    install(tmp_path, ".small.partial")

    with pytest.raises(UnknownModelError, match="There is no model named"):
        catalog.resolve(name)


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_an_incomplete_folder_is_not_available(
    catalog: Catalog, tmp_path: Path, missing: str
) -> None:
    install(tmp_path, "small")
    (tmp_path / "small" / missing).unlink()
    install(tmp_path, "ours")
    (tmp_path / "ours" / missing).write_bytes(b"")

    assert not any(model.is_available for model in catalog.models())


def test_weights_in_the_hugging_face_cache_are_found(tmp_path: Path) -> None:
    cache = tmp_path / "hub"
    repository = cache / "models--Systran--faster-whisper-small"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc123")
    (repository / "snapshots").mkdir()
    install(repository / "snapshots", "abc123")

    catalog = Catalog(Config(models_dir=tmp_path / "models"), hub_cache=cache)

    assert catalog.default().id == "small"
    assert _path(catalog.default()).name == "abc123"


def test_the_languages_are_those_of_the_tokenizer(catalog: Catalog, tmp_path: Path) -> None:
    folder = install(tmp_path, "ours")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    text = json.dumps(tokenizer).replace("<|jw|>", "<|yue|>").replace("<|su|>", "<|unknown|>")
    (folder / "tokenizer.json").write_text(text)

    languages = catalog.resolve("ours").languages

    assert "yue" in languages
    assert not {"jw", "su", "unknown"} & languages
    assert len(languages) == 98


def test_a_model_of_english_alone_knows_no_other_language(catalog: Catalog, tmp_path: Path) -> None:
    install_english_whisper(tmp_path / "ours.en")

    entry = catalog.resolve("ours.en")

    assert entry.languages == {"en"}
    assert not entry.detects_language
    assert not entry.can_translate


def test_the_configured_default_model_answers(tmp_path: Path) -> None:
    install(tmp_path, "small")
    install(tmp_path, "base")

    catalog = _make_catalog(tmp_path, default_model="base")

    assert catalog.resolve("").id == "base"
    assert catalog.resolve("large-v3-turbo").id == "base"


@pytest.mark.parametrize("name", ["enormous", "medium"])
def test_a_default_model_that_could_not_answer_stops_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadDefaultModelError, match=f"STT_DEFAULT_MODEL is '{name}'.*pull base"):
        _make_catalog(tmp_path, default_model=name)


def test_a_default_model_whose_folder_is_removed_gives_way_to_the_next_best(
    tmp_path: Path,
) -> None:
    install(tmp_path, "medium")
    install(tmp_path, "small")
    catalog = _make_catalog(tmp_path, default_model="small")

    shutil.rmtree(tmp_path / "small")

    assert catalog.resolve("").id == "medium"


def install(models_dir: Path, name: str) -> Path:
    """Put a whole CTranslate2 Whisper into the models' folder."""
    return Path(shutil.copytree(TINY_WHISPER, models_dir / name))


def _make_catalog(models_dir: Path, *, default_model: str = "") -> Catalog:
    """Read nothing but this folder: what the machine's own cache holds is no part of a test."""
    config = Config(models_dir=models_dir, default_model=default_model)
    return Catalog(config, hub_cache=models_dir / ".no-cache")


def _path(entry: ModelEntry) -> Path:
    assert entry.path is not None
    return entry.path
