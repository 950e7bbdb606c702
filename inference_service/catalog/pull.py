"""Fetches the weights of a catalogue model into the models' folder, whole or not at all.

The files come into a hidden folder beside the final one, which takes its name when they are
complete. What a broken-off pull fetched is used by the next one.
"""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx2
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError

from inference_service.catalog.entries import CATALOGUE, CatalogueModel
from inference_service.catalog.errors import PullError
from inference_service.catalog.weights import WEIGHT_FILES, is_whisper_folder

# repository, folder → its files there, with progress on the terminal. Raises OSError and such.
Fetch = Callable[[str, Path], None]

_CONNECT_TIMEOUT_S = 10.0


def fetch_from_hub(repository: str, folder: Path) -> None:
    """Fetch what faster-whisper needs of a Hugging Face repository, and nothing else."""
    snapshot_download(
        repository,
        local_dir=folder,
        allow_patterns=list(WEIGHT_FILES),
        etag_timeout=_CONNECT_TIMEOUT_S,
    )


def pull(
    name: str, models_dir: Path, *, is_offline: bool = False, fetch: Fetch = fetch_from_hub
) -> Path:
    """Install a model of the catalogue and return its folder; at once if it is there already.

    A second process that pulls the same model waits for the first. Raises PullError.
    """
    model = _find(name)
    target = models_dir / model.id
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / f".{model.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_whisper_folder(target):
            _refuse_offline(model, is_offline=is_offline)
            _install(model, target, fetch)
    return target


def _find(name: str) -> CatalogueModel:
    for model in CATALOGUE:
        if model.id == name:
            return model
    names = ", ".join(model.id for model in CATALOGUE)
    raise PullError(f"There is no model named {name!r} to fetch; there are {names}.")


def _refuse_offline(model: CatalogueModel, *, is_offline: bool) -> None:
    if is_offline:
        raise PullError(
            f"The model {model.id} can't be fetched: STT_OFFLINE is set. Unset it, or copy the "
            f"files of https://huggingface.co/{model.repository} into the models' folder."
        )


def _install(model: CatalogueModel, target: Path, fetch: Fetch) -> None:
    partial = target.with_name(f".{model.id}.partial")
    try:
        fetch(model.repository, partial)
    except (OSError, HfHubHTTPError, httpx2.HTTPError) as error:
        raise PullError(
            f"The model {model.id} could not be fetched from "
            f"https://huggingface.co/{model.repository}: is there a network? "
            f"({type(error).__name__}) Files copied by hand into {target} are as good."
        ) from error
    if not is_whisper_folder(partial):
        raise PullError(f"What came for the model {model.id} is incomplete; try again.")
    shutil.rmtree(partial / ".cache", ignore_errors=True)  # the hub client's notes
    shutil.rmtree(target, ignore_errors=True)  # an incomplete folder
    partial.rename(target)
