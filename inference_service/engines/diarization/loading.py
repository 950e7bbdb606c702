"""From the folder of models to the speaker model that this server uses."""

from pathlib import Path

from inference_service.engines.diarization.description import (
    FILE_NAME,
    DescriptionError,
    read_description,
)
from inference_service.engines.diarization.embedder import Embedder, EmbedderError

# Preferred where several speaker models are installed.
DEFAULT_MODEL = "campplus"


def load_embedder(models_dir: Path) -> Embedder | None:
    """The speaker model installed in `models_dir`, `DEFAULT_MODEL` first; None where there is none.

    A model is a folder with a `model.json` of the kind "speaker_model".
    Raises EmbedderError if one is there and can't be used: never a silent swap.
    """
    folders = sorted(path.parent for path in models_dir.glob(f"*/{FILE_NAME}") if _is_ours(path))
    if not folders:
        return None
    # onnxruntime is imported with the first model: half a second.
    from inference_service.engines.diarization.model import SpeakerModel

    folder = next((each for each in folders if each.name == DEFAULT_MODEL), folders[0])
    try:
        description = read_description(folder / FILE_NAME)
    except DescriptionError as error:
        raise EmbedderError(str(error)) from error
    return SpeakerModel(description, folder)


def _is_ours(path: Path) -> bool:
    """Other kinds of models may have a model.json; a broken one in our folder is reported."""
    if path.parent.name == DEFAULT_MODEL:
        return True
    try:
        return '"speaker_model"' in path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
