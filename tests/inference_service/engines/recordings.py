"""The recordings and the models that the tests of the engines work on."""

import json
import re
import shutil
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from faster_whisper.audio import decode_audio

from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeOptions,
    Recogniser,
    Samples,
    Verdict,
    WindowRequest,
    WindowText,
)

TESTS = Path(__file__).parent.parent.parent
TINY_WHISPER = TESTS / "weights" / "whisper-en-cs-tiny" / "model"
TINY_SAMPLES = TESTS / "weights" / "whisper-en-cs-tiny" / "samples"
SPEECH = TESTS / "speech"
RATE_HZ = 16_000


def install_english_whisper(folder: Path) -> Path:
    """Put the tiny Whisper into `folder` as a model that knows English alone."""
    shutil.copytree(TINY_WHISPER, folder)
    vocabulary = json.loads((folder / "vocabulary.json").read_text())
    (folder / "vocabulary.json").write_text(json.dumps([token or "x" for token in vocabulary]))
    return folder


@lru_cache
def load_speech(name: str) -> tuple[Samples, str]:
    """Return a recording made with flite, and what is spoken in it."""
    contents = json.loads((SPEECH / "recordings.json").read_text())
    return decode_audio(str(SPEECH / f"{name}.flac")), contents[name]["text"]


@lru_cache
def load_sample(name: str) -> tuple[Samples, dict[str, Any]]:
    """Return a sample that came with the tiny Whisper, and what is known of it."""
    known = json.loads((TINY_SAMPLES / "samples.json").read_text())
    return decode_audio(str(TINY_SAMPLES / name)), next(s for s in known if s["file"] == name)


def cut_windows(name: str, *, longest_s: float = 28.0) -> list[tuple[Samples, str]]:
    """Cut a sample between its phrases: windows, each with its text."""
    samples, known = load_sample(name)
    windows = []
    rest = known["segments"]
    while rest:
        phrases = [s for s in rest if s["end"] - rest[0]["start"] < longest_s]
        start, end = phrases[0]["start"] - 0.2, phrases[-1]["end"] + 0.2
        samples_of = samples[int(max(start, 0) * RATE_HZ) : int(end * RATE_HZ)]
        windows.append((samples_of, " ".join(phrase["text"] for phrase in phrases)))
        rest = rest[len(phrases) :]
    return windows


def make_tone(*, duration_s: float = 6.0, frequency_hz: float = 440.0) -> Samples:
    times_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * frequency_hz * times_s)).astype(np.float32)


def make_noise(*, duration_s: float = 3.0) -> Samples:
    samples = np.random.default_rng(1).standard_normal(int(duration_s * RATE_HZ))
    return (0.05 * samples).astype(np.float32)


def make_request(
    recogniser: Recogniser, samples: Samples, options: DecodeOptions, attempt: int = 0
) -> WindowRequest:
    return WindowRequest(recogniser.prepare(samples), len(samples) / RATE_HZ, options, attempt)


def recognise_one(
    recogniser: Recogniser, samples: Samples, language: str, *, task: str = "transcribe"
) -> WindowText:
    """Recognise one window as a session does: until it is accepted."""
    features = recogniser.prepare(samples)
    options = DecodeOptions(language, task=task)
    for attempt in range(ATTEMPTS):
        request = WindowRequest(features, len(samples) / RATE_HZ, options, attempt)
        [result] = recogniser.recognise([request])
        if result.verdict is Verdict.PAD:
            [result] = recogniser.recognise([replace(request, is_padded=True)])
        if result.verdict is not Verdict.RETRY:
            return result
    raise AssertionError("the last attempt asked for another one")


def make_window_text(result: WindowText) -> str:
    return " ".join(segment.text for segment in result.segments)


def measure_wer(references: list[str], hypotheses: list[str]) -> float:
    """Return the word error rate over all pairs, after lower case, letters and digits only."""
    return float(
        jiwer.wer([_normalise(t) for t in references], [_normalise(t) for t in hypotheses])
    )


def check_times(result: WindowText, *, duration_s: float) -> None:
    """Check the promises that every engine makes of words and times."""
    last_s = 0.0
    for segment in result.segments:
        joined = "".join((" " if w.space_before else "") + w.text for w in segment.words)
        assert joined == segment.text == segment.text.strip()
        assert segment.start_s < segment.end_s
        assert segment.start_s == segment.words[0].start_s
        assert segment.end_s == segment.words[-1].end_s
        for word in segment.words:
            assert last_s <= word.start_s <= word.end_s <= duration_s
            assert 0 <= word.confidence <= 1
            last_s = word.end_s


def _normalise(text: str) -> str:
    return re.sub(r"[^\w]+", " ", text.lower()).strip()
