"""hibari (Apache-2.0): one American voice, 8 MB, distilled from one of Kokoro's, and much faster.

By the package hibari-tts, which the English reader needs in any case; its weights come through the
catalogue like all others. The breath in its speech is drawn by chance, so the seed matters.
"""

import zlib
from pathlib import Path

import numpy as np

from inference_service.catalog import ModelEntry
from inference_service.engines.settings import EngineSettings, count_threads
from inference_service.engines.voice.engine import FixedVoice, Samples
from inference_service.engines.voice.english import EnglishReader
from inference_service.engines.voice.pauses import join_parts
from inference_service.engines.voice.threaded import SpokenSentence, ThreadedEngine

SAMPLE_RATE_HZ = 24_000
VOICES = (FixedVoice("heart", "Heart", "A woman's voice, American, lively.", "en"),)
MODEL_FILE = "hibari.onnx"


class HibariSynthesizer:
    """The model in memory: 8 MB of weights; the dictionary of its reader takes 130 MB."""

    sample_rate_hz = SAMPLE_RATE_HZ
    languages: tuple[str, ...] = ("en",)
    voices: tuple[FixedVoice, ...] = VOICES

    def __init__(self, folder: Path, *, model_id: str, revision: str, threads: int) -> None:
        """Load it; 0.1 s. Raises OSError, ValueError or RuntimeError for bad weights."""
        from hibari.tts import Hibari

        self.model_id, self.revision = model_id, revision
        model = folder / MODEL_FILE
        self._model: Hibari | None = Hibari(model=str(model), threads=threads)
        self.memory_bytes = 4 * model.stat().st_size
        self._reader = EnglishReader()

    def split(self, text: str) -> list[str]:
        """Raises UnreadableTextError, NothingToSpeakError."""
        return self._reader.split_readable(text)

    def synthesize(self, sentence: SpokenSentence) -> Samples:
        chance = np.random.default_rng([sentence.seed, zlib.crc32(sentence.text.encode())])
        parts = [self._infer(each, chance) for each in self._reader.read(sentence.text)]
        return join_parts(parts, sample_rate_hz=SAMPLE_RATE_HZ, is_last=sentence.is_last)

    def close(self) -> None:
        self._model = None

    def _infer(self, phonemes: str, chance: np.random.Generator) -> Samples:
        if self._model is None:
            return np.zeros(0, np.float32)
        samples = self._model.from_ids(self._model.ids(phonemes), rng=chance)
        return np.asarray(samples, np.float32)


def load_hibari(entry: ModelEntry, settings: EngineSettings) -> ThreadedEngine:
    """Load the model of an entry. Raises OSError, ValueError or RuntimeError for bad weights."""
    if entry.path is None:
        raise FileNotFoundError(f"The weights of {entry.id} are not here.")
    return ThreadedEngine(
        HibariSynthesizer(
            entry.path,
            model_id=entry.id,
            revision=entry.revision,
            threads=max(1, count_threads(settings) // 2),
        )
    )
