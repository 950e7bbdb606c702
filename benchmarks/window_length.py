"""Short clips at once: windows encoded at their own length against windows padded to 30 s.

    python -m benchmarks.window_length WEIGHTS RECORDING... [--clips 16] [--seconds 8]

WEIGHTS: a folder with a CTranslate2 Whisper; RECORDING: real speech, cut into clips. Both ways run
in one process, on the same clips and threads, in turns; the median of three counts. The text is
compared too: how many words differ between both ways.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faster_whisper import decode_audio

from inference_service.catalog.entries import ModelEntry, WindowMargin
from inference_service.catalog.weights import read_languages
from inference_service.config import Config
from inference_service.engines.asr import DecodeOptions, Samples, Verdict, WindowRequest, WindowText
from inference_service.engines.whisper import WhisperRecogniser

_RATE_HZ = 16_000
_ROUNDS = 3
_MARGINS = {"padded": None, "own length": WindowMargin(behind_s=2, shortest_s=15, step_s=5)}


def main() -> None:
    asked = _read_arguments()
    clips = cut_clips(asked.recordings, count=asked.clips, seconds=asked.seconds)
    engine = load_engine(asked.weights, threads=asked.threads)
    seconds: dict[str, list[float]] = {name: [] for name in _MARGINS}
    texts: dict[str, list[str]] = {}
    for _ in range(_ROUNDS):
        for name, margin in _MARGINS.items():
            engine.window_margin = margin
            started = time.perf_counter()
            texts[name] = recognise_all(engine, clips, language=asked.language)
            seconds[name].append(time.perf_counter() - started)
    padded, own = (statistics.median(each) for each in seconds.values())
    print(
        f"{len(clips)} clips of {asked.seconds:g} s, {asked.threads} threads: "
        f"padded {padded:.2f} s, own length {own:.2f} s: × {padded / own:.2f}; "
        f"{count_differences(*texts.values())} of {count_words(texts['padded'])} words differ"
    )


def load_engine(folder: Path, *, threads: int) -> WhisperRecogniser:
    entry = ModelEntry(
        id=folder.name,
        name=folder.name,
        engine="faster-whisper",
        speed="fast",
        languages=read_languages(folder),
        is_available=True,
        path=folder,
    )
    return WhisperRecogniser(entry, Config(device="cpu", cpu_threads=threads))


def cut_clips(recordings: Sequence[Path], *, count: int, seconds: float) -> list[Samples]:
    """Return the first clips of the recordings, joined."""
    speech = np.concatenate([decode_audio(str(path)) for path in recordings])
    length = round(seconds * _RATE_HZ)
    clips = [speech[start : start + length] for start in range(0, len(speech) - length, length)]
    return [np.asarray(clip, np.float32) for clip in clips[:count]]


def recognise_all(
    engine: WhisperRecogniser, clips: Sequence[Samples], *, language: str
) -> list[str]:
    """Recognise all clips in batches, as they come at once; what asks for padding gets it."""
    options = DecodeOptions(language)
    requests = [
        WindowRequest(engine.prepare(clip), len(clip) / _RATE_HZ, options) for clip in clips
    ]
    answers: list[WindowText] = []
    for start in range(0, len(requests), engine.max_batch):
        answers += engine.recognise(requests[start : start + engine.max_batch])
    for index, answer in enumerate(answers):
        if answer.verdict is Verdict.PAD:
            padded = WindowRequest(
                requests[index].features, requests[index].duration_s, options, is_padded=True
            )
            [answers[index]] = engine.recognise([padded])
    return [" ".join(segment.text for segment in answer.segments) for answer in answers]


def count_words(texts: Sequence[str]) -> int:
    return sum(len(text.split()) for text in texts)


def count_differences(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the edits of words from one way's texts to the other's (Levenshtein)."""
    return sum(_edit_distance(a.split(), b.split()) for a, b in zip(one, other, strict=True))


def _edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    row = list(range(len(other) + 1))
    for index, wanted in enumerate(one, start=1):
        diagonal, row[0] = row[0], index
        for column, found in enumerate(other, start=1):
            best = min(diagonal + (wanted != found), row[column] + 1, row[column - 1] + 1)
            diagonal, row[column] = row[column], best
    return row[-1]


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--language", default="en")
    return parser.parse_args()


if __name__ == "__main__":
    main()
