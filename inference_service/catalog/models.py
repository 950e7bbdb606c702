"""Every model that has a name of its own, whether its weights are here or not."""

from pathlib import Path

from inference_service.catalog.entries import CatalogueModel
from inference_service.catalog.own_models import read_own_models
from inference_service.catalog.speaker_models import SPEAKER_MODELS
from inference_service.catalog.text_models import TEXT_MODELS
from inference_service.catalog.translators import TRANSLATORS
from inference_service.catalog.voices import VOICES
from inference_service.catalog.whispers import WHISPERS

CATALOGUE: tuple[CatalogueModel, ...] = (
    *WHISPERS,
    *SPEAKER_MODELS,
    *TEXT_MODELS,
    *TRANSLATORS,
    *VOICES,
)


def read_catalogue(own_models: Path | None) -> tuple[CatalogueModel, ...]:
    """Return these models and those of the operator's file, whose names go before.

    Raises BadCatalogueFileError.
    """
    own = read_own_models(own_models)
    taken = {model.id for model in own}
    return (*own, *(model for model in CATALOGUE if model.id not in taken))
