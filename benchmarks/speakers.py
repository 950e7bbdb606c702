"""Who spoke when, against references: how far the engine's turns are from them, and at what cost.

    python -m benchmarks.speakers FOLDER [--model DIR]    FOLDER/audio/NAME.flac, rttm/NAME.rttm

The way of the product, in this process: voice activity, spans, turns, clustering; no recognition.
DER is that of pyannote.metrics over the whole recording, overlapped speech counted: c0 without a
collar, c25 with ±0.25 s around each border of the reference not scored (its `collar=0.5`). Totals
weigh by speech. The number of speakers is first unknown, then given. CPU is that of the turns.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_whisper import decode_audio
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from inference_service.engines.diarization import Embedder, VoiceTurn, cluster_turns, load_embedder
from inference_service.priority import Priority
from inference_service.sessions.turns import TurnFinder
from inference_service.sessions.window_finder import WindowFinder
from inference_service.sessions.windows import SAMPLE_RATE_HZ
from inference_service.stages import CpuStages

# pyannote's collar is the whole width around a border: 0.5 is ±0.25 s.
COLLARS = {"c0": 0.0, "c25": 0.5}
# Pieces of one speaker that are closer than this are one turn.
JOINED_GAP_S = 0.3
BLOCK_BYTES = 5 * 2 * SAMPLE_RATE_HZ

Spoken = list[tuple[float, float, str]]  # start and end in seconds, speaker


@dataclass(frozen=True)
class Measured:
    name: str
    length_s: float
    cpu_s: float
    turns: list[VoiceTurn]
    reference: Spoken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=Path("var/models"), help="the models folder")
    parser.add_argument("--only", default="", help="NAME,NAME")
    arguments = parser.parse_args()
    embedder = load_embedder(arguments.model)
    if embedder is None:
        parser.error(f"There is no speaker model in {arguments.model}; --model says where one is.")
    names = arguments.only.split(",") if arguments.only else list_names(arguments.folder)
    measured = [asyncio.run(_measure(arguments.folder, name, embedder)) for name in names]
    for title, is_given in (("number unknown", False), ("number given", True)):
        _show(title, measured, embedder, is_given=is_given)
    seconds = sum(each.length_s for each in measured)
    print(f"\nCPU: {sum(each.cpu_s for each in measured) / seconds:.4f} s a second of audio")


def list_names(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "rttm").glob("*.rttm"))


async def _measure(folder: Path, name: str, embedder: Embedder) -> Measured:
    audio = next((folder / "audio").glob(f"{name}.*"))
    samples = decode_audio(str(audio))
    pcm = np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes()
    finder = WindowFinder()
    intervals = []
    for start in range(0, len(pcm), BLOCK_BYTES):
        intervals += finder.push(pcm[start : start + BLOCK_BYTES])
    intervals += finder.finish()
    stages = CpuStages(threads=2)
    turn_finder = TurnFinder(embedder, stages=stages, priority=Priority.BULK, offset_ms=0)
    begun_s = time.process_time()
    found = [turn for interval in intervals for turn in await turn_finder.find(interval)]
    cpu_s = time.process_time() - begun_s
    stages.close()
    turns = [
        VoiceTurn(t.start_ms / 1000, t.end_ms / 1000, np.frombuffer(t.embedding, "<f4"), t.overlap)
        for t in found
    ]
    reference = read_rttm(folder / "rttm" / f"{name}.rttm")
    return Measured(name, len(samples) / SAMPLE_RATE_HZ, cpu_s, turns, reference)


def read_rttm(path: Path) -> Spoken:
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return [(float(r[3]), float(r[3]) + float(r[4]), r[7]) for r in rows if r and r[0] == "SPEAKER"]


def _show(title: str, measured: Sequence[Measured], embedder: Embedder, *, is_given: bool) -> None:
    totals = {name: DiarizationErrorRate(collar=collar) for name, collar in COLLARS.items()}
    print(f"\n{title}\n{'recording':18} {'c0':>6} {'c25':>6}  speakers")
    exact = 0
    for each in measured:
        true = len({who for *_, who in each.reference})
        labels = cluster_turns(
            each.turns, speakers=true if is_given else 0, model=embedder.description
        )
        found_turns = annotate(_join(each.turns, labels))
        whole = Timeline([Segment(0, each.length_s)])
        rates = [
            metric(annotate(each.reference), found_turns, uem=whole) for metric in totals.values()
        ]
        found = len(set(labels))
        exact += found == true
        print(f"{each.name:18} {rates[0]:6.3f} {rates[1]:6.3f}  {found} of {true}")
    total = [abs(metric) for metric in totals.values()]
    print(f"{'all':18} {total[0]:6.3f} {total[1]:6.3f}  {exact} of {len(measured)} exact")


def _join(turns: Sequence[VoiceTurn], labels: Sequence[int]) -> Spoken:
    spoken: dict[int, list[list[float]]] = {}
    for turn, label in zip(turns, labels, strict=True):
        runs = spoken.setdefault(label, [])
        if runs and turn.start_s - runs[-1][1] < JOINED_GAP_S:
            runs[-1][1] = max(runs[-1][1], turn.end_s)
        else:
            runs.append([turn.start_s, turn.end_s])
    return [(start, end, str(who)) for who, runs in spoken.items() for start, end in runs]


def annotate(spoken: Spoken) -> Annotation:
    annotation = Annotation()
    for track, (start, end, who) in enumerate(spoken):
        if end > start:
            annotation[Segment(start, end), track] = who
    return annotation


if __name__ == "__main__":
    main()
