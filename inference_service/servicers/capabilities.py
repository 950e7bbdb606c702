"""What a loaded model is asked for that it may lack."""

from inference_service.engines.asr import Recogniser
from inference_service.servicers.status_codes import MissingCapabilityError


def check_language(language: str, recogniser: Recogniser) -> None:
    """Raise MissingCapabilityError where the model doesn't know the language; empty is none."""
    if language and language not in recogniser.languages:
        known = ", ".join(sorted(recogniser.languages))
        raise MissingCapabilityError(
            f"The model {recogniser.model_id} doesn't know the language {language!r}; "
            f"it knows {known}."
        )
