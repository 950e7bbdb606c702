"""What lies in a folder of weights: is a model whole, which languages has a Whisper.

Only names, sizes and the tokenizer are checked. Weights that are whole but damaged are found
when they are loaded.
"""

import json
import logging
from functools import lru_cache
from pathlib import Path

from inference_service.catalog.entries import (
    FASTER_WHISPER_ENGINE,
    CatalogueModel,
    ModelEntry,
    WindowMargin,
)
from inference_service.catalog.terms import are_terms_accepted
from inference_service.catalog.whispers import WHISPER_LANGUAGES

logger = logging.getLogger(__name__)

# Beside the weights of a model that isn't in the catalogue; optional.
WINDOW_FILE = "window.json"
MANIFEST = "SOURCE.json"  # written by `pull`: where the files are from, and their sizes
_WEIGHTS = "model.bin"
_REQUIRED = ("config.json", _WEIGHTS, "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")


def is_installed(model: CatalogueModel, folder: Path) -> bool:
    """Return whether the folder holds all that the model needs, pulled or copied by hand; and the
    acceptance of its terms, if it has any.
    """
    return are_terms_accepted(model, folder) and is_complete(model, folder)


def is_complete(model: CatalogueModel, folder: Path) -> bool:
    """Return whether the folder holds all that the model needs. Some `stat` calls."""
    if model.engine == FASTER_WHISPER_ENGINE:
        return is_whisper_folder(folder)
    sizes = _read_manifest(folder)
    if sizes:
        return all(_size_of(folder / name) == size for name, size in sizes.items())
    return bool(model.installed_files) and all(
        _holds(folder / name) for name in model.installed_files
    )


def is_whisper_folder(folder: Path) -> bool:
    """Return whether every file that is needed is there and not empty. Some `stat` calls."""
    return all(_holds(folder / name) for name in _REQUIRED) and any(
        _holds(folder / name) for name in _VOCABULARIES
    )


def read_weights_bytes(entry: ModelEntry) -> int:
    """Return the size of CTranslate2 weights, about what they take loaded. Raises OSError."""
    return (entry.path / _WEIGHTS).stat().st_size if entry.path else 0


def find_in_hub_cache(repository: str, *, cache: Path | None = None) -> Path | None:
    """Return the folder of a complete snapshot in the Hugging Face cache, without network."""
    from huggingface_hub import try_to_load_from_cache  # half a second

    found = try_to_load_from_cache(repository, _WEIGHTS, cache_dir=cache)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return folder if is_whisper_folder(folder) else None


def read_languages(folder: Path) -> frozenset[str]:
    """Return the languages that the model can be asked for: those its tokenizer has tokens for.

    Read once for each state of the folder (by time of change), then remembered.
    """
    return _read_languages(folder, (folder / "tokenizer.json").stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read_languages(folder: Path, _changed_ns: int) -> frozenset[str]:
    if not _is_multilingual(folder):
        return frozenset({"en"})
    try:
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        tokens = {token["content"] for token in tokenizer.get("added_tokens", ())}
        tokens |= tokenizer["model"]["vocab"].keys()
    except (ValueError, KeyError, TypeError, AttributeError):
        return frozenset()
    return frozenset(code for code in WHISPER_LANGUAGES if f"<|{code}|>" in tokens)


def read_window_margin(folder: Path) -> WindowMargin | None:
    """Return what `window.json` in a folder of weights holds; None where there is none to be used.

    {"behind_s": 2, "shortest_s": 10, "step_s": 2}: seconds, 0 to 30, the last two above 0.
    """
    file = folder / WINDOW_FILE
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        margin = WindowMargin(*(float(content[name]) for name in WindowMargin.__slots__))
    except (OSError, ValueError, KeyError, TypeError):
        logger.warning("event=bad_window_file path=%s windows=padded", file)
        return None
    is_usable = 0 <= margin.behind_s <= 30 and 0 < margin.step_s <= 30 and margin.shortest_s > 0
    return margin if is_usable else None


def _is_multilingual(folder: Path) -> bool:
    """CTranslate2's own criterion: the vocabulary has the empty string as a token."""
    listed = folder / "vocabulary.json"
    try:
        if listed.is_file():
            return "" in json.loads(listed.read_text(encoding="utf-8"))
        return "" in (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]
    except (ValueError, TypeError):
        return False


def _read_manifest(folder: Path) -> dict[str, int]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {str(name): int(size) for name, size in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _holds(file: Path) -> bool:
    return _size_of(file) > 0


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
