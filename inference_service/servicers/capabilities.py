"""What a loaded model is asked for that it may lack."""

from inference_service.engines.asr import Recogniser
from inference_service.runtime import Runtime
from inference_service.servicers.status_codes import MissingCapabilityError
from inference_service.sessions.word_times import WordTimer


def check_language(language: str, recogniser: Recogniser) -> None:
    """Raise MissingCapabilityError where the model doesn't know the language; empty is none."""
    if language and language not in recogniser.languages:
        known = ", ".join(sorted(recogniser.languages))
        raise MissingCapabilityError(
            f"The model {recogniser.model_id} doesn't know the language {language!r}; "
            f"it knows {known}."
        )


def choose_timer(runtime: Runtime, aligner: str = "") -> WordTimer | None:
    """Return a session's word timer; None where word times are the recogniser's own.

    aligner: the one that is asked first; empty: as the server is set up.
    """
    return runtime.timer.for_session(aligner) if runtime.timer else None
