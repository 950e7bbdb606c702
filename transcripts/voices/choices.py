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
    if not voice:
        return _choose_cloning(engines, language)
    chosen = _choose_fixed(engines, voice)
    if not _speaks(chosen.engine, language):
        name = chosen.voice.name if chosen.voice else ""
        raise _wrong_language(f"The voice {name}", language, chosen.engine.languages)
    return chosen


def _choose_fixed(engines: list[Engine], voice: str) -> Chosen:
    found = [
        Chosen(engine, each) for engine in engines for each in engine.voices if each.id == voice
    ]
    if not found:
        known = ", ".join(each.id for engine in engines for each in engine.voices)
        raise UnknownVoiceNameError(f"There is no voice {voice!r}. There are: {known or 'none'}.")
    return _first_usable(found)


def _choose_cloning(engines: list[Engine], language: str) -> Chosen:
    """The first that is usable of those that speak the language; none is installed for another."""
    cloning = [engine for engine in engines if engine.can_clone]
    if not cloning:
        raise VoiceNotInstalledError(
            "No engine here speaks in the voice of a reference. Name a fixed voice (voice=…)."
        )
    found = [Chosen(engine, None) for engine in cloning if _speaks(engine, language)]
    if not found:
        known = tuple(dict.fromkeys(each for engine in cloning for each in engine.languages))
        raise _wrong_language("The voice of a reference", language, known)
    return _first_usable(found)


def _speaks(engine: Engine, language: str) -> bool:
    return not language or language.split("-")[0].lower() in engine.languages


def _wrong_language(what: str, language: str, known: tuple[str, ...]) -> VoiceLanguageError:
    return VoiceLanguageError(
        f"{what} doesn't speak {language!r}. It speaks: {', '.join(known)}.",
        extra={"languages": list(known)},
    )


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
