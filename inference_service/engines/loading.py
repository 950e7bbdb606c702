"""From a catalogue entry to a loaded model, of any kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from inference_service.catalog import ModelEntry
from inference_service.catalog.entries import (
    FASTER_WHISPER_ENGINE,
    FIREFOX_ENGINE,
    HIBARI_ENGINE,
    KOKORO_ENGINE,
    LLAMA_ENGINE,
    MADLAD_ENGINE,
    TEXT_ENCODER_ENGINE,
)
from inference_service.catalog.weights import read_weights_bytes
from inference_service.engines.asr import Recogniser
from inference_service.engines.settings import EngineSettings


class LoadedModel(Protocol):
    """What the pool needs of a model of any kind; engines add what they can do."""

    @property
    def memory_bytes(self) -> int: ...

    def close(self) -> None:
        """Free the model's memory. Nothing is called afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class EngineLoader:
    """How the models of one engine are loaded.

    `load` blocks for seconds, and raises RuntimeError, ValueError or OSError for bad weights.
    `estimate_bytes` estimates before loading what a model will take; raises OSError, ValueError.
    """

    load: Callable[[ModelEntry, EngineSettings], LoadedModel]
    estimate_bytes: Callable[[ModelEntry, EngineSettings], int]


def load_model(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Load the model by its engine. Raises KeyError for an engine without a loader."""
    return LOADERS[entry.engine].load(entry, settings)


def load_recogniser(entry: ModelEntry, settings: EngineSettings) -> Recogniser:
    """Load a Whisper; blocks for seconds. Raises RuntimeError or ValueError for bad weights."""
    # An engine's libraries are imported with its first model: seconds, and hundreds of MB.
    from inference_service.engines.whisper import WhisperRecogniser

    return WhisperRecogniser(entry, settings)


def load_embedder(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Load a text embedder; 0.3 s. Raises OSError, RuntimeError or ValueError for bad weights."""
    from inference_service.engines.embedding.text_encoder import load_text_encoder

    return load_text_encoder(entry, settings)


def load_language_model(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Start a language model's processes. Raises OSError, RuntimeError or ValueError."""
    from inference_service.engines.language.llama import load_llama

    return load_llama(entry, settings)


def load_firefox_translator(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Load a translator of one direction. Raises OSError or ValueError for bad weights."""
    from inference_service.engines.translation.firefox import load_firefox

    return load_firefox(entry, settings)


def load_madlad_translator(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Load MADLAD-400; seconds. Raises OSError, RuntimeError or ValueError for bad weights."""
    from inference_service.engines.translation.madlad import load_madlad

    return load_madlad(entry, settings)


def load_voice(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Load Kokoro; 0.6 s. Raises OSError, RuntimeError or ValueError for bad weights."""
    from inference_service.engines.voice.kokoro import load_kokoro

    return load_kokoro(entry, settings)


def load_small_voice(entry: ModelEntry, settings: EngineSettings) -> LoadedModel:
    """Load hibari; 0.1 s. Raises OSError, RuntimeError or ValueError for bad weights."""
    from inference_service.engines.voice.hibari import load_hibari

    return load_hibari(entry, settings)


def estimate_voice_bytes(entry: ModelEntry, settings: EngineSettings) -> int:
    from inference_service.engines.voice.kokoro import estimate_kokoro_bytes

    return estimate_kokoro_bytes(entry, settings)


def estimate_language_model_bytes(entry: ModelEntry, settings: EngineSettings) -> int:
    from inference_service.engines.language.llama import estimate_llama_bytes

    return estimate_llama_bytes(entry, settings)


def estimate_memory_bytes(entry: ModelEntry, settings: EngineSettings) -> int:
    """Estimate before loading what a model will take. Raises KeyError, OSError, ValueError."""
    return LOADERS[entry.engine].estimate_bytes(entry, settings)


def _estimate_by_weights(entry: ModelEntry, _settings: EngineSettings) -> int:
    return read_weights_bytes(entry)


def _estimate_by_files(entry: ModelEntry, _settings: EngineSettings) -> int:
    return entry.size_bytes


# By engine. A further kind of model is a further line.
LOADERS: dict[str, EngineLoader] = {
    FASTER_WHISPER_ENGINE: EngineLoader(load_recogniser, _estimate_by_weights),
    TEXT_ENCODER_ENGINE: EngineLoader(load_embedder, _estimate_by_weights),
    LLAMA_ENGINE: EngineLoader(load_language_model, estimate_language_model_bytes),
    FIREFOX_ENGINE: EngineLoader(load_firefox_translator, _estimate_by_files),
    MADLAD_ENGINE: EngineLoader(load_madlad_translator, _estimate_by_weights),
    HIBARI_ENGINE: EngineLoader(load_small_voice, _estimate_by_files),
    KOKORO_ENGINE: EngineLoader(load_voice, estimate_voice_bytes),
}
