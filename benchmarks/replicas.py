"""Two inference replicas against one, each pinned to a core of its own, at the gRPC border.

    python -m benchmarks.replicas [SECONDS] [ROUNDS]

Decoded speech is sent by more calls than one replica can work on, over one channel that balances as
the web tier's does. The sender runs on the same cores, which is what two replicas lose: its share
is printed. Rounds alternate, so that a busy moment strikes both.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from benchmarks.recordings import ROOT, load_dialogue
from benchmarks.weights import link_models
from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from tests.e2e.processes import accepts_connections, free_port, wait_until

CALLS = 8
CLIP_S = 20
_CHUNK = 320_000  # bytes: ten seconds
_BALANCED = '{"loadBalancingConfig": [{"round_robin": {}}]}'


@contextmanager
def replicas(count: int) -> Iterator[str]:
    """Start `count`, on core 0, 1 …; yields their target."""
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        models.mkdir()
        link_models(models)
        ports = [free_port() for _ in range(count)]
        processes = [
            subprocess.Popen(
                ["taskset", "-c", str(core), sys.executable, "-m", "inference_service"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "STT_MODELS_DIR": str(models),
                    "STT_INFERENCE_LISTEN": f"127.0.0.1:{port}",
                    "STT_CPU_THREADS": "1",
                    "STT_OFFLINE": "true",
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for core, port in enumerate(ports)
        ]
        try:
            for port in ports:
                wait_until(
                    lambda port=port: accepts_connections(port),  # type: ignore[misc]
                    what="a replica listens",
                    within_s=120,
                )
            yield "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def measure(target: str, pcm: bytes, *, seconds: float) -> float:
    """Return seconds of audio recognised a second."""
    with grpc.insecure_channel(target, [("grpc.service_config", _BALANCED)]) as channel:
        stub = speech_pb2_grpc.SpeechStub(channel)
        for _ in range(4):  # both have their model loaded
            _transcribe(stub, pcm)
        done = [0] * CALLS
        ends_at = time.monotonic() + seconds

        def work(index: int) -> None:
            while time.monotonic() < ends_at:
                _transcribe(stub, pcm)
                done[index] += 1

        began = time.monotonic()
        threads = [threading.Thread(target=work, args=(index,)) for index in range(CALLS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done) * len(pcm) / 32_000 / (time.monotonic() - began)


def _transcribe(stub: speech_pb2_grpc.SpeechStub, pcm: bytes) -> None:
    def send() -> Iterator[speech_pb2.TranscribeRequest]:
        yield speech_pb2.TranscribeRequest(config=speech_pb2.TranscribeConfig(language="en"))
        for start in range(0, len(pcm), _CHUNK):
            chunk = speech_pb2.AudioChunk(pcm=pcm[start : start + _CHUNK])
            yield speech_pb2.TranscribeRequest(audio=chunk)

    events = list(stub.Transcribe(send(), timeout=300))
    assert events[-1].WhichOneof("event") == "finished"


def main(seconds: int = 30, rounds: int = 3) -> None:
    pcm = load_dialogue()[: CLIP_S * 16_000].tobytes()
    ratios = []
    for number in range(rounds):
        with replicas(1) as target:
            one = measure(target, pcm, seconds=seconds)
        with replicas(2) as target:
            cpu_before = time.process_time()
            began = time.monotonic()
            two = measure(target, pcm, seconds=seconds)
            share = (time.process_time() - cpu_before) / (time.monotonic() - began)
        ratios.append(two / one)
        print(
            f"round {number + 1}: one {one:.1f} ×, two {two:.1f} × real time: {two / one:.2f}"
            f" (the sender took {share:.0%} of a core; load {os.getloadavg()[0]:.1f})",
            flush=True,
        )
    print(f"median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
