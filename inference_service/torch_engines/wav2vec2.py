"""Word times by a wav2vec2 model with a CTC head, as whisperx places them: a model a language.

A model is a folder `wav2vec2-<ISO 639-1>` among the models, as the hub has it: config.json,
vocab.json, preprocessor_config.json and pytorch_model.bin or model.safetensors. whisperx's own
choice for 37 languages is in docs/operating.md. Baevski et al. 2020, "wav2vec 2.0"; Bain et al.
2023, "WhisperX: time-accurate speech transcription of long-form audio".
"""

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import whisperx.alignment as whisperx
from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

from inference_service.engines.asr import Samples
from inference_service.engines.forced_alignment import WordInterval

logger = logging.getLogger(__name__)

_FOLDER = re.compile(r"wav2vec2-([a-z]{2,3})")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_MAX_LOADED = 3  # a large one takes 1.3 GB
_SAMPLE_RATE_HZ = 16_000


class _OneSentence:
    """What whisperx asks NLTK for, which would download punkt: all is one sentence."""

    @staticmethod
    def span_tokenize(text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


whisperx.nltk_load = lambda _: _OneSentence


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    metadata: dict[str, Any]


class Wav2Vec2Aligners:
    """The models in a folder, loaded when needed first. Thread-safe, one call at a time."""

    def __init__(self, models_dir: Path, *, device: str) -> None:
        self._models_dir = models_dir
        self._device = device
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def languages(self) -> dict[str, Path]:
        """Return the folder of each language that a model is installed for. A few `stat` calls."""
        folders = sorted(self._models_dir.glob("wav2vec2-*"))
        found = ((match[1], each) for each in folders if (match := _FOLDER.fullmatch(each.name)))
        return {language: folder for language, folder in found if _is_complete(folder)}

    def align(
        self, samples: Samples, words: Sequence[str], *, language: str
    ) -> list[WordInterval | None]:
        """Place the words: one answer each, in order; None for a word that could not be placed.

        samples: float32 (n_samples,), mono, 16 kHz, [-1, 1]. The first call of a language loads
        its model: 5 to 20 s. Raises KeyError where none is installed, OSError or ValueError where
        it can't be read.
        """
        with self._lock:
            loaded = self._load(language)
            text = _join(words, language)
            segment = {"start": 0.0, "end": len(samples) / _SAMPLE_RATE_HZ, "text": text}
            result = whisperx.align([segment], loaded.model, loaded.metadata, samples, self._device)
        return _match(words, result["word_segments"], language)

    def _load(self, language: str) -> _Loaded:
        if language not in self._loaded:
            folder = str(self.languages()[language])
            processor = Wav2Vec2Processor.from_pretrained(folder, local_files_only=True)
            model = Wav2Vec2ForCTC.from_pretrained(folder, local_files_only=True)
            vocabulary = processor.tokenizer.get_vocab()
            metadata = {
                "language": language,
                "dictionary": {character.lower(): code for character, code in vocabulary.items()},
                "type": "huggingface",
            }
            self._loaded[language] = _Loaded(model.to(self._device).eval(), metadata)
            logger.info("event=aligner_loaded language=%s", language)
        self._loaded.move_to_end(language)
        while len(self._loaded) > _MAX_LOADED:
            self._loaded.popitem(last=False)
            if self._device != "cpu":
                torch.cuda.empty_cache()
        return self._loaded[language]


def _is_complete(folder: Path) -> bool:
    has_weights = any((folder / name).is_file() for name in _WEIGHTS)
    return has_weights and all((folder / name).is_file() for name in ("config.json", "vocab.json"))


def _join(words: Sequence[str], language: str) -> str:
    """Return the text that whisperx splits into these words, or, of a script without spaces, into
    their characters."""
    if language in whisperx.LANGUAGES_WITHOUT_SPACES:
        return "".join("".join(word.split()) for word in words)
    return " ".join("_".join(word.split()) or "_" for word in words)


def _match(
    words: Sequence[str], found: Sequence[dict[str, Any]], language: str
) -> list[WordInterval | None]:
    """found: whisperx's words, or the characters of them, in order; none where it found no way."""
    is_spaced = language not in whisperx.LANGUAGES_WITHOUT_SPACES
    lengths = [1 if is_spaced else len("".join(word.split())) for word in words]
    if len(found) != sum(lengths):
        return [None] * len(words)
    placed: list[WordInterval | None] = []
    at = 0
    for length in lengths:
        own = [each for each in found[at : at + length] if "start" in each and "end" in each]
        at += length
        start_s, end_s = (own[0]["start"], own[-1]["end"]) if own else (0.0, 0.0)
        placed.append(WordInterval(float(start_s), float(end_s)) if start_s < end_s else None)
    return placed
