"""How exact word times are, against recordings whose word times are known.

    python -m benchmarks.word_times FOLDER --model /path/to/whisper [--id base]
    python -m benchmarks.word_times FOLDER --make        (needs flite: makes recordings first)

FOLDER holds NAME.wav (or .flac, .mp3, .ogg) beside NAME.json: {"language": "en", "words": [[word,
start_s, end_s], …]}. Each is cut into windows as the product does it, recognised, and its rightly
recognised words are compared: as attention placed them, and as the product gives them out. The row
of the attention is what `engines/attention_bias` is filled from: the median of the starts.
CPU seconds are those of this process and of the aligner's.
"""

import argparse
import difflib
import json
import os
import re
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from faster_whisper.audio import decode_audio

from inference_service.catalog import ModelEntry
from inference_service.catalog.models import CATALOGUE
from inference_service.config import Config
from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeOptions,
    TextSegment,
    Verdict,
    WindowRequest,
)
from inference_service.engines.attention_bias import attention_bias_s
from inference_service.engines.pocketsphinx_aligner import PocketSphinxAligner
from inference_service.engines.whisper import WhisperRecogniser
from inference_service.sessions.window_finder import WindowFinder
from inference_service.sessions.windows import SAMPLE_RATE_HZ, DecodingWindow, TimeMap
from inference_service.sessions.word_times import SpokenWindow, WordTimer

Word = tuple[str, float, float]

_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")
_VOICES = ("slt", "rms", "awb", "kal16")
_TEXTS = {
    "talk": [
        "Good morning, everyone, and thank you for joining the call today.",
        "Before we start, could you tell me whether the report from Helsinki has arrived?",
        "The committee agreed that the new bridge should be finished in nineteen months.",
        "She doesn't believe that her brother's company was sold for a hundred thousand dollars.",
        "We walked along the river until the sun went down behind the mountains.",
        "Nobody in the village had ever heard such a strange and beautiful song.",
    ],
    "names": [
        "Doctor Kowalczyk flew from Ljubljana to Reykjavik on Tuesday evening.",
        "In 1984 the factory made 250 engines, and 37 of them were never sold.",
        "The Zyntrax pump is a well-known, state-of-the-art machine.",
        "Please call Agnieszka at half past 10 and ask about the FBI file.",
        "It costs $25, or about 15% more than the other one.",
        "He moved to Bucharest in 2003 and opened a little bookshop there.",
    ],
}


@dataclass
class Errors:
    """Of one way to place words, in ms."""

    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def add(self, found: Sequence[Word], truth: Sequence[Word]) -> None:
        for (_, start_s, end_s), (_, true_start_s, true_end_s) in _match(found, truth):
            self.starts.append(1000 * (start_s - true_start_s))
            self.ends.append(1000 * (end_s - true_end_s))

    def __str__(self) -> str:
        return f"{len(self.starts):5d} | {_summarise(self.starts)} | {_summarise(self.ends)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, help="a folder with a CTranslate2 Whisper")
    parser.add_argument("--id", default="", help="its id in the catalogue; else the folder's name")
    parser.add_argument("--make", action="store_true", help="make recordings with flite first")
    options = parser.parse_args()
    if options.make:
        make_recordings(options.folder)
    if options.model:
        measure(options.folder, options.model, model_id=options.id or options.model.name)


def measure(folder: Path, model: Path, *, model_id: str) -> None:
    facts = next((each.recogniser for each in CATALOGUE if each.id == model_id), None)
    entry = ModelEntry(
        id=model_id,
        name=model_id,
        engine="faster-whisper",
        speed="",
        languages=frozenset({"en"}),
        is_available=True,
        path=model,
        # Windows are encoded as long as the product encodes them.
        window_margin=facts.window_margin if facts else None,
    )
    recogniser = WhisperRecogniser(entry, Config(device="cpu", cpu_threads=1, batch_size=1))
    aligner = PocketSphinxAligner(max_processes=1)
    timer = WordTimer([aligner])
    errors: dict[tuple[str, str], Errors] = {}
    audio_s = recognising_s = timing_s = 0.0
    for path, language, truth in read_recordings(folder):
        attention: list[Word] = []
        product: list[Word] = []
        samples = decode_audio(str(path))
        audio_s += len(samples) / SAMPLE_RATE_HZ
        for window in find_windows(samples):
            began_s = _cpu_s()
            segments = recognise(recogniser, window, language=language)
            recognised_s = _cpu_s()
            spoken = SpokenWindow(window.read_window(), language, attention_bias_s(recogniser))
            timed = timer.time_words(spoken, segments)
            recognising_s += recognised_s - began_s
            timing_s += _cpu_s() - recognised_s
            attention += place(segments, window)
            product += place(timed.segments, window)
        for way, words in (("attention", attention), ("product", product)):
            errors.setdefault((language, way), Errors()).add(words, truth)
    timer.close()
    # The aligner's process counts once it has ended and was waited for.
    timing_s += os.times().children_user + os.times().children_system
    print("language, times | words | start: bias, median, mean, p95, ≤ 50 ms | end: the same")
    for (language, way), found in sorted(errors.items()):
        print(f"{language} {way:9s} | {found}")
    print(f"CPU ms a second of audio: recognising {1000 * recognising_s / audio_s:.1f}, ", end="")
    print(f"timing {1000 * timing_s / audio_s:.1f} ({audio_s:.0f} s, model {model_id})")


def read_recordings(folder: Path) -> Iterator[tuple[Path, str, list[Word]]]:
    """Yield the recordings that have a truth, with their language."""
    for path in sorted(folder.iterdir()):
        truth = path.with_suffix(".json")
        if path.suffix not in _SUFFIXES or not truth.exists():
            continue
        known = json.loads(truth.read_text())
        words = [(word, start_s, end_s) for word, start_s, end_s in known["words"]]
        yield path, known.get("language", "en"), words


def find_windows(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> list[DecodingWindow]:
    finder = WindowFinder()
    pcm = np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    return [window for window in (*finder.push(pcm), *finder.finish()) if window.chunks]


def recognise(
    recogniser: WhisperRecogniser, window: DecodingWindow, *, language: str
) -> tuple[TextSegment, ...]:
    features = recogniser.prepare(window.read_window())
    duration_s = window.speech_samples / SAMPLE_RATE_HZ
    for attempt in range(ATTEMPTS):
        request = WindowRequest(features, duration_s, DecodeOptions(language), attempt)
        (text,) = recogniser.recognise([request])
        if text.verdict is not Verdict.RETRY:
            break
    return text.segments


def place(segments: Sequence[TextSegment], window: DecodingWindow) -> list[Word]:
    """Return the words in the recording's time."""
    time_map = TimeMap(window.chunks, offset_s=0)
    return [
        (word.text, *time_map.map_word(word.start_s, word.end_s))
        for segment in segments
        for word in segment.words
    ]


def make_recordings(folder: Path) -> None:
    """Write the texts in four voices of flite, with their truth."""
    from tests.speech.durations import speak_timed  # not needed to measure

    folder.mkdir(parents=True, exist_ok=True)
    for voice in _VOICES:
        for name, sentences in _TEXTS.items():
            samples, words = speak_timed(sentences, voice=voice, pause_s=0.8)
            with wave.open(str(folder / f"{voice}_{name}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE_HZ)
                file.writeframes(samples.astype("<i2").tobytes())
            truth = {"language": "en", "words": words}
            (folder / f"{voice}_{name}.json").write_text(json.dumps(truth))


def _match(found: Sequence[Word], truth: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    """Yield the words that were recognised rightly, with their truth."""
    matcher = difflib.SequenceMatcher(
        None, [_plain(word) for word in found], [_plain(word) for word in truth], autojunk=False
    )
    for first, other, count in matcher.get_matching_blocks():
        yield from zip(found[first : first + count], truth[other : other + count], strict=True)


def _plain(word: Word) -> str:
    return re.sub(r"[^\w']", "", word[0].lower().replace("’", "'"))


def _summarise(errors: Sequence[float]) -> str:
    if not errors:
        return "none"
    each = np.asarray(errors)
    size = np.abs(each)
    return (
        f"{each.mean():6.0f} {np.median(each):6.0f} {size.mean():6.1f}"
        f" {np.percentile(size, 95):6.0f} {100 * (size <= 50).mean():4.0f} %"
    )


def _cpu_s() -> float:
    return time.process_time()


if __name__ == "__main__":
    main()
