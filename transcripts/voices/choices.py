"""Which voices there are for an account, and whether one can speak what is asked.

UnknownVoiceNameError   (400)   there is no such voice, or no such engine
VoiceLanguageError      (400)   it doesn't speak the language; the sentence has those it does
VoiceNotInstalledError  (503)   no engine for this is installed; with what to install
LicenceForbidsError     (503)   its weights may not be used for money, and payments are on
"""

from dataclasses import dataclass

from billing.payments.gateway import are_payments_configured
from stt_web.core.errors import ApiError
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.errors import InferenceError, ModelNotInstalledError
from transcripts.inference.servers import Server
from transcripts.inference.voice import Engine, Voice, Voices, list_voices


class UnknownVoiceNameError(ApiError):
    """There is no such voice or engine; the sentence lists those that there are."""

    status = 400
    code = "unknown_voice"


class VoiceLanguageError(ApiError):
    """The voice doesn't speak the language; the sentence lists those that it does."""

    status = 400
    code = "language_not_supported"


class VoiceNotInstalledError(ApiError):
    """No engine for this is installed; the sentence has what to install."""

    status = 503
    code = "not_installed"


class LicenceForbidsError(VoiceNotInstalledError):
    """The engine's weights may not be used for money, and this server takes payments."""

    code = "licence_forbids"


CHOICE_ERRORS = (
    UnknownVoiceNameError,
    VoiceLanguageError,
    VoiceNotInstalledError,
    LicenceForbidsError,
    InferenceUnavailableError,
)


@dataclass(frozen=True)
class Chosen:
    """The engine that speaks, and its fixed voice; None: the reference's."""

    engine: Engine
    voice: Voice | None


def fetch_voices(server: Server) -> Voices:
    """Return what the server has. Blocks ≤ 5 s.

    Raises InferenceUnavailableError, VoiceNotInstalledError for a server that makes no speech.
    """
    try:
        return list_voices(server)
    except ModelNotInstalledError as error:
        raise VoiceNotInstalledError(error.message) from error
    except InferenceError as error:
        raise InferenceUnavailableError from error


def is_usable(engine: Engine) -> bool:
    return engine.is_available and not (engine.is_non_commercial and are_payments_configured())


def choose(voices: Voices, *, voice: str, engine: str, language: str) -> Chosen:
    """Return what speaks in the fixed voice, or (`voice` empty) in a reference's.

    Raises the errors above.
    """
    engines = [each for each in voices.engines if engine in ("", each.id)]
    if not engines:
        known = ", ".join(each.id for each in voices.engines)
        raise UnknownVoiceNameError(f"There is no voice engine {engine!r}; there are {known}.")
    chosen = _choose_fixed(engines, voice) if voice else _choose_cloning(engines)
    base = language.split("-")[0].lower()
    if base and base not in chosen.engine.languages:
        known = ", ".join(chosen.engine.languages)
        what = f"The voice {chosen.voice.name}" if chosen.voice else chosen.engine.name
        raise VoiceLanguageError(
            f"{what} doesn't speak {language!r}. It speaks: {known}.",
            extra={"languages": list(chosen.engine.languages)},
        )
    return chosen


def _choose_fixed(engines: list[Engine], voice: str) -> Chosen:
    found = [
        Chosen(engine, each) for engine in engines for each in engine.voices if each.id == voice
    ]
    if not found:
        known = ", ".join(each.id for engine in engines for each in engine.voices)
        raise UnknownVoiceNameError(f"There is no voice {voice!r}. There are: {known or 'none'}.")
    return _first_usable(found)


def _choose_cloning(engines: list[Engine]) -> Chosen:
    found = [Chosen(engine, None) for engine in engines if engine.can_clone]
    if not found:
        raise VoiceNotInstalledError(
            "No engine here speaks in the voice of a reference. Name a fixed voice (voice=…)."
        )
    return _first_usable(found)


def _first_usable(found: list[Chosen]) -> Chosen:
    for chosen in found:
        if is_usable(chosen.engine):
            return chosen
    if any(each.engine.is_available for each in found):
        raise LicenceForbidsError(
            f"{found[0].engine.name} is installed, but its licence ({found[0].engine.licence}) "
            "forbids commercial use, and this server takes payments."
        )
    hints = " ".join(dict.fromkeys(each.engine.install_hint for each in found))
    what = "this voice" if found[0].voice else "the voice of a reference"
    raise VoiceNotInstalledError(f"No engine for {what} is installed here. {hints}".strip())
