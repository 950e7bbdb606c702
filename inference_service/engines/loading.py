"""From a catalogue entry to a loaded recogniser."""

from typing import Protocol

from inference_service.catalog import ModelEntry
from inference_service.catalog.entries import POCKETSPHINX_ENGINE
from inference_service.engines.asr import Recogniser

# Measured: one decoder with the models of its wheel, resident.
_POCKETSPHINX_BYTES = 100_000_000


class EngineSettings(Protocol):
    """What an engine reads of the service's configuration."""

    @property
    def device(self) -> str:
        """auto, cpu or cuda."""
        ...

    @property
    def compute_type(self) -> str:
        """auto, or a name of CTranslate2's."""
        ...

    @property
    def cpu_threads(self) -> int:
        """0: as many as the machine has cores."""
        ...

    @property
    def device_memory_mb(self) -> int:
        """Of the accelerator; 0: a CPU, or unknown."""
        ...

    @property
    def batch_size(self) -> int:
        """Windows in one batch; 0: what suits the device."""
        ...


def load_recogniser(entry: ModelEntry, settings: EngineSettings) -> Recogniser:
    """Load the model; blocks for seconds. Raises RuntimeError or ValueError for bad weights."""
    # An engine's libraries are imported with its first model: seconds, and hundreds of MB.
    if entry.engine == POCKETSPHINX_ENGINE:
        from inference_service.engines.pocketsphinx import PocketSphinxRecogniser

        return PocketSphinxRecogniser(entry, settings)
    from inference_service.engines.whisper import WhisperRecogniser

    return WhisperRecogniser(entry, settings)


def estimate_memory_bytes(entry: ModelEntry) -> int:
    """Say before loading what a model will take, roughly: its weights as they are stored."""
    if entry.path is None:
        return _POCKETSPHINX_BYTES
    return (entry.path / "model.bin").stat().st_size
