"""Who spoke when, by a diarizer of the torch engines: RTTM for a scorer, and what it costs.

    python -m benchmarks.torch_diarization FOLDER --socket SOCKET --pid PID [--out DIR]

FOLDER as for benchmarks.speakers, which has the light engine's figures and explains c0 and c25.
A process of the torch engines listens on SOCKET; PID is it, for its CPU. The number of speakers is
first unknown, then given. DIR gets NAME.unknown.rttm and NAME.given.rttm.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import psutil
from faster_whisper import decode_audio
from pyannote.core import Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from benchmarks.speakers import COLLARS, Spoken, annotate, list_names, read_rttm
from protos.stt.v1 import audio_pb2, audio_pb2_grpc, speech_pb2

CHUNK_BYTES = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--diarizer", default="")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    process = psutil.Process(arguments.pid)
    recordings = {name: _read_pcm(arguments.folder, name) for name in list_names(arguments.folder)}
    with grpc.insecure_channel(f"unix:{arguments.socket}") as channel:
        stub = audio_pb2_grpc.AudioStub(channel)
        for title in ("unknown", "given"):
            begun_s, cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
            found = {}
            for name, pcm in recordings.items():
                reference = read_rttm(arguments.folder / "rttm" / f"{name}.rttm")
                count = len({who for *_, who in reference}) if title == "given" else 0
                found[name] = _diarize(stub, pcm, diarizer=arguments.diarizer, speakers=count)
            wall_s = time.monotonic() - begun_s
            cpu_s = sum(process.cpu_times()[:2]) - cpu_s
            _show(title, arguments.folder, found, recordings)
            length_s = sum(len(pcm) for pcm in recordings.values()) / 32_000
            print(
                f"a second of audio: {cpu_s / length_s:.3f} CPU s, {wall_s / length_s:.3f} s waited"
            )
            for name, turns in found.items() if arguments.out else ():
                _write_rttm(arguments.out / f"{name}.{title}.rttm", name, turns)


def _read_pcm(folder: Path, name: str) -> bytes:
    samples = decode_audio(str(next((folder / "audio").glob(f"{name}.*"))))
    return bytes(np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes())


def _diarize(stub: audio_pb2_grpc.AudioStub, pcm: bytes, *, diarizer: str, speakers: int) -> Spoken:
    def requests() -> Iterator[audio_pb2.DiarizeRecordingRequest]:
        config = audio_pb2.DiarizeRecordingConfig(diarizer=diarizer, speakers=speakers)
        yield audio_pb2.DiarizeRecordingRequest(config=config)
        for start in range(0, len(pcm), CHUNK_BYTES):
            chunk = speech_pb2.AudioChunk(pcm=pcm[start : start + CHUNK_BYTES])
            yield audio_pb2.DiarizeRecordingRequest(audio=chunk)

    events = stub.DiarizeRecording(requests(), timeout=3600)
    turns = [turn for event in events for turn in event.turns.turns]
    return [(turn.start_ms / 1000, turn.end_ms / 1000, str(turn.speaker)) for turn in turns]


def _show(title: str, folder: Path, found: dict[str, Spoken], recordings: dict[str, bytes]) -> None:
    totals = {name: DiarizationErrorRate(collar=collar) for name, collar in COLLARS.items()}
    print(f"\nnumber {title}\n{'recording':18} {'c0':>6} {'c25':>6}  speakers")
    exact = 0
    for name, turns in found.items():
        reference = read_rttm(folder / "rttm" / f"{name}.rttm")
        whole = Timeline([Segment(0, len(recordings[name]) / 32_000)])
        rates = [
            metric(annotate(reference), annotate(turns), uem=whole) for metric in totals.values()
        ]
        true, count = len({who for *_, who in reference}), len({who for *_, who in turns})
        exact += true == count
        print(f"{name:18} {rates[0]:6.3f} {rates[1]:6.3f}  {count} of {true}")
    total = [abs(metric) for metric in totals.values()]
    print(f"{'all':18} {total[0]:6.3f} {total[1]:6.3f}  {exact} of {len(found)} exact")


def _write_rttm(path: Path, name: str, turns: Spoken) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"SPEAKER {name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {who} <NA> <NA>\n"
        for start, end, who in turns
    ]
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
