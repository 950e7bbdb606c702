"""What the product recognises of real recordings, beside the library's sequential decoder.

    python -m benchmarks.recognition FOLDER [--model base] [--models DIR] [--only ID,ID]

FOLDER holds `refs.json`, a list of {id, file, lang, ref} (ref: null: there is no speech), and the
recordings, in it or below it. For each clip and in total: WER, substituted, deleted and inserted
words (Whisper's normaliser: English rules for en, basic ones else; characters for
languages without spaces); speech that no word covers, without and with the reported gaps
(Silero ≥ 0.5, 0.19 s around each word, runs of more than 0.8 s); invented words where there is no
reference; CPU seconds. The product is its inference service in this process; the sequential decoder
is `WhisperModel.transcribe`, same weights, beam 5, VAD, word times, no text of the window before.
"""

import argparse
import asyncio
import json
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from faster_whisper import WhisperModel, decode_audio
from faster_whisper.vad import get_vad_model
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from inference_service.catalog import Catalog
from inference_service.config import Config
from inference_service.engines.loading import load_recogniser
from inference_service.metrics import Metrics
from inference_service.priority import Priority
from inference_service.scheduler import Scheduler
from inference_service.sessions.events import LanguageDetected, WindowFinalized
from inference_service.sessions.file import FileSession, SessionOptions
from inference_service.stages import CpuStages

_SPACELESS = frozenset({"ja", "zh", "ko", "yue", "th"})
_FRAME_S = 0.032
_SHORTEST_RUN_S, _MARGIN_FRAMES, _JOIN_FRAMES = 0.8, 6, 8
_CHUNK_BYTES = 320_000

Interval = tuple[float, float]


@dataclass
class RecognisedRecording:
    """One engine's answer to one clip. Times in seconds."""

    text: str = ""
    language: str = ""
    words: list[Interval] = field(default_factory=list)
    segments: list[Interval] = field(default_factory=list)
    gaps: list[tuple[float, float, str]] = field(default_factory=list)
    cpu_s: float = 0.0


@dataclass
class Row:
    """One clip, measured."""

    units: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0
    uncovered_s: float = 0.0
    unreported_s: float = 0.0
    shown_gaps_s: float = 0.0
    invented: int = 0
    cpu_s: float = 0.0

    @property
    def wer(self) -> float:
        errors = self.substituted + self.deleted + self.inserted
        return 100 * errors / max(1, self.units)


class Product:
    """The inference service's file sessions, in this process."""

    def __init__(self, models: Path, model: str, *, threads: int) -> None:
        config = Config(models_dir=models, device="cpu", cpu_threads=threads)
        self._recogniser = load_recogniser(Catalog(config).resolve(model), config)
        self._stages = CpuStages(threads=2)

    def recognise(self, samples: np.ndarray[Any, Any]) -> RecognisedRecording:
        return asyncio.run(self._recognise(samples))

    async def _recognise(self, samples: np.ndarray[Any, Any]) -> RecognisedRecording:
        pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype("<i2").tobytes()
        recognised = RecognisedRecording()
        scheduler = Scheduler(metrics=Metrics())
        scheduler.start()
        async with scheduler.open_queue(self._recogniser, Priority.BULK) as queue:
            session = FileSession(SessionOptions(), queue=queue, stages=self._stages)
            async for event in session.run(_cut(pcm)):
                if isinstance(event, LanguageDetected):
                    recognised.language = event.language
                elif isinstance(event, WindowFinalized):
                    _take(event, recognised)
        await scheduler.close()
        return recognised


class Sequential:
    """The library's own decoder on the same weights."""

    def __init__(self, models: Path, model: str, *, threads: int) -> None:
        self._whisper = WhisperModel(
            str(models / model), device="cpu", compute_type="int8", cpu_threads=threads
        )

    def recognise(self, samples: np.ndarray[Any, Any]) -> RecognisedRecording:
        segments, info = self._whisper.transcribe(
            samples,
            beam_size=5,
            vad_filter=True,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        found = list(segments)
        return RecognisedRecording(
            text="".join(segment.text for segment in found).strip(),
            language=info.language,
            words=[(word.start, word.end) for segment in found for word in segment.words or ()],
            segments=[(segment.start, segment.end) for segment in found],
        )


async def _cut(pcm: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(pcm), _CHUNK_BYTES):
        yield pcm[start : start + _CHUNK_BYTES]


def _take(window: WindowFinalized, recognised: RecognisedRecording) -> None:
    recognised.text = " ".join(
        [recognised.text, *(segment.text for segment in window.segments)]
    ).strip()
    for segment in window.segments:
        recognised.segments.append((segment.start_ms / 1000, segment.end_ms / 1000))
        recognised.words += [(word.start_ms / 1000, word.end_ms / 1000) for word in segment.words]
    recognised.gaps += [
        (gap.start_ms / 1000, gap.end_ms / 1000, gap.reason.value) for gap in window.gaps
    ]


def find_uncovered_s(voiced: np.ndarray[Any, Any], covers: Iterable[Interval]) -> float:
    """Return the seconds of speech in runs that nothing covers."""
    covered = np.zeros(len(voiced), bool)
    for start_s, end_s in covers:
        first = max(0, int(start_s / _FRAME_S) - _MARGIN_FRAMES)
        covered[first : int(end_s / _FRAME_S) + _MARGIN_FRAMES + 1] = True
    total_s, run, last = 0.0, 0, -1
    for frame in [*np.flatnonzero(voiced & ~covered), len(voiced) + 2 * _JOIN_FRAMES]:
        if last >= 0 and (frame - last > _JOIN_FRAMES or covered[last:frame].any()):
            total_s += run * _FRAME_S if run * _FRAME_S > _SHORTEST_RUN_S else 0.0
            run = 0
        run, last = run + 1, int(frame)
    return total_s


def normalise(text: str, language: str) -> str:
    rules = EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
    plain = re.sub(r"[^\w\s]", " ", rules(text))
    if language in _SPACELESS:
        plain = " ".join(re.sub(r"\s", "", plain))
    return " ".join(plain.split())


def measure(
    clip: dict[str, Any], recognised: RecognisedRecording, voiced: np.ndarray[Any, Any]
) -> Row:
    row = Row(cpu_s=recognised.cpu_s)
    row.shown_gaps_s = sum(
        end - start for start, end, why in recognised.gaps if why != "not_speech"
    )
    if not clip["ref"]:
        row.invented = len(recognised.text.split())
        return row
    spoken = normalise(clip["ref"], clip["lang"])
    counts = jiwer.process_words(spoken, normalise(recognised.text, clip["lang"]))
    row.units = len(spoken.split())
    row.substituted, row.deleted = counts.substitutions, counts.deletions
    row.inserted = counts.insertions
    row.uncovered_s = find_uncovered_s(voiced, recognised.words)
    row.unreported_s = find_uncovered_s(
        voiced, [*recognised.words, *(gap[:2] for gap in recognised.gaps)]
    )
    return row


def describe(row: Row) -> str:
    return (
        f"WER {row.wer:5.1f} % of {row.units:4d}  S{row.substituted:4d} D{row.deleted:4d}"
        f" I{row.inserted:3d}  uncovered {row.uncovered_s:5.1f} s, unreported"
        f" {row.unreported_s:4.1f} s, shown gaps {row.shown_gaps_s:4.1f} s"
        f"  invented {row.invented}  CPU {row.cpu_s:6.1f} s"
    )


def add_up(rows: Sequence[Row]) -> Row:
    return Row(*(sum(values) for values in zip(*(vars(row).values() for row in rows), strict=True)))


def describe_segments(segments: Sequence[Interval]) -> str:
    lengths = sorted(end - start for start, end in segments)
    if not lengths:
        return "no segments"
    p95 = lengths[int(0.95 * (len(lengths) - 1))]
    return (
        f"{len(lengths)} segments, median {statistics.median(lengths):.1f} s, p95 {p95:.1f} s,"
        f" longest {lengths[-1]:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, default=Path("var/models"))
    parser.add_argument("--model", default="base")
    parser.add_argument("--only", default=".*", help="ids, comma-separated, or expressions")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    clips = json.loads((options.folder / "refs.json").read_text())
    wanted = [re.compile(each) for each in options.only.split(",")]
    clips = [clip for clip in clips if any(each.fullmatch(clip["id"]) for each in wanted)]
    engines = {
        kind.__name__.lower(): kind(options.models, options.model, threads=options.threads)
        for kind in (Product, Sequential)
    }
    rows: dict[str, list[Row]] = {name: [] for name in engines}
    segments: dict[str, list[Interval]] = {name: [] for name in engines}
    for clip in clips:
        path = next(p for p in options.folder.rglob(clip["file"]) if p.is_file())
        samples = decode_audio(str(path), sampling_rate=16_000)
        padded = np.pad(samples, (0, -len(samples) % 512))
        voiced = np.asarray(get_vad_model()(padded)).reshape(-1) >= 0.5
        for name, engine in engines.items():
            started = time.process_time()
            recognised = engine.recognise(samples)
            recognised.cpu_s = time.process_time() - started
            rows[name].append(measure(clip, recognised, voiced))
            segments[name] += recognised.segments
            print(f"{clip['id']:20s} {name:10s} {recognised.language:3s}", describe(rows[name][-1]))
    for name in engines:
        print(f"TOTAL {name:10s}", describe(add_up(rows[name])), describe_segments(segments[name]))
    product, sequential = (add_up(rows[name]) for name in ("product", "sequential"))
    print(f"CPU, product to sequential: {product.cpu_s / sequential.cpu_s:.2f}")


if __name__ == "__main__":
    main()
