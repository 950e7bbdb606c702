"""Every model that has a name of its own, whether its weights are here or not."""

from inference_service.catalog.entries import CatalogueModel
from inference_service.catalog.speaker_models import SPEAKER_MODELS
from inference_service.catalog.text_models import TEXT_MODELS
from inference_service.catalog.whispers import WHISPERS

CATALOGUE: tuple[CatalogueModel, ...] = (*WHISPERS, *SPEAKER_MODELS, *TEXT_MODELS)
