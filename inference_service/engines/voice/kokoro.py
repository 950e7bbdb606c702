"""Kokoro-82M (hexgrad, Apache-2.0) in onnxruntime: fixed voices, 24 kHz, English.

A StyleTTS 2 decoder-only model (Li et al. 2023): phonemes and a style in, samples out, in one pass
a sentence. The voices of the package were made for Japanese and speak English with an accent
(benchmarks/RESULTS.md). Nothing is drawn by chance: every seed gives the same speech.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime

from inference_service.catalog import ModelEntry
from inference_service.engines.settings import EngineSettings, count_threads
from inference_service.engines.voice.engine import FixedVoice, Samples
from inference_service.engines.voice.english import EnglishReader
from inference_service.engines.voice.pauses import join_parts
from inference_service.engines.voice.threaded import SpokenSentence, ThreadedEngine

SAMPLE_RATE_HZ = 24_000
VOICES = (
    FixedVoice("jf_alpha", "Alpha", "A woman's voice, clear and even.", "en"),
    FixedVoice("jf_gongitsune", "Gongitsune", "A woman's voice, warm, for stories.", "en"),
    FixedVoice("jf_nezumi", "Nezumi", "A woman's voice, light and young.", "en"),
    FixedVoice("jf_tebukuro", "Tebukuro", "A woman's voice, soft and calm.", "en"),
    FixedVoice("jm_kumo", "Kumo", "A man's voice, low and quiet.", "en"),
)
_MODEL_FILE, _VOICES_FILE, _VOCABULARY_FILE = "kokoro.onnx", "voices_ja.npz", "vocab.json"


class KokoroSynthesizer:
    """The model in memory: 90 MB of weights, 350 MB with what onnxruntime makes of them."""

    sample_rate_hz = SAMPLE_RATE_HZ
    languages: tuple[str, ...] = ("en",)

    def __init__(self, folder: Path, *, model_id: str, revision: str, threads: int) -> None:
        """Load it; 0.6 s. Raises OSError, ValueError or RuntimeError for bad weights."""
        self.model_id, self.revision = model_id, revision
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        model = folder / _MODEL_FILE
        self._session: onnxruntime.InferenceSession | None = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        vocabulary = json.loads((folder / _VOCABULARY_FILE).read_text(encoding="utf-8"))
        self._tokens: dict[str, int] = vocabulary["vocab"]
        with np.load(folder / _VOICES_FILE) as styles:
            self._styles = {name: np.asarray(styles[name], np.float32) for name in styles.files}
        self.voices = tuple(voice for voice in VOICES if voice.id in self._styles)
        self.memory_bytes = 4 * model.stat().st_size
        self._readers = {False: EnglishReader(), True: EnglishReader(is_british=True)}

    def split(self, text: str) -> list[str]:
        """Raises UnreadableTextError, NothingToSpeakError: for all of the text, before any of it is
        spoken.
        """
        return self._readers[False].split_readable(text)

    def synthesize(self, sentence: SpokenSentence) -> Samples:
        is_british = sentence.language.lower() in ("en-gb", "en-ie", "en-au", "en-nz")
        style = self._styles[sentence.voice]
        parts = [
            self._infer(phonemes, style)
            for phonemes in self._readers[is_british].read(sentence.text)
        ]
        return join_parts(parts, sample_rate_hz=SAMPLE_RATE_HZ, is_last=sentence.is_last)

    def close(self) -> None:
        self._session = None

    def _infer(self, phonemes: str, style: Samples) -> Samples:
        """style: float32 (510, 1, 256), one for each length in phonemes."""
        tokens = [self._tokens[each] for each in phonemes if each in self._tokens]
        if not tokens or self._session is None:
            return np.zeros(0, np.float32)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[min(len(tokens), len(style)) - 1].reshape(1, -1),
            "speed": np.ones(1, np.float32),
        }
        (samples,) = self._session.run(None, inputs)
        return np.asarray(samples, np.float32).ravel()


def load_kokoro(entry: ModelEntry, settings: EngineSettings) -> ThreadedEngine:
    """Load the model of an entry, on half of the machine's threads: recognition goes on beside it.

    Raises OSError, ValueError or RuntimeError for bad weights.
    """
    if entry.path is None:
        raise FileNotFoundError(f"The weights of {entry.id} are not here.")
    try:
        synthesizer = KokoroSynthesizer(
            entry.path,
            model_id=entry.id,
            revision=entry.revision,
            threads=max(1, count_threads(settings) // 2),
        )
    except KeyError as error:
        raise ValueError(f"The files of {entry.id} lack {error}.") from error
    return ThreadedEngine(synthesizer)


def estimate_kokoro_bytes(entry: ModelEntry, _settings: EngineSettings) -> int:
    """Raises OSError."""
    return 4 * (entry.path / _MODEL_FILE).stat().st_size if entry.path else 0
