"""The web tier of live transcription alone, before an inference service that answers at once.

    python -m benchmarks.live_web [SOCKETS [SECONDS]]

1. 500 sockets, one uvicorn process, audio at the speed of speech in frames of 100 ms: the process's
   CPU and memory for each, and how old the audio is that a partial covers when it arrives.
2. One client that sends as fast as it may and reads nothing: how much is taken of it, and what the
   process grows by.

STT_DATABASE_URL names the database (an empty one; SQLite where it isn't set). The service, the
sockets and the database take their part of the same machine.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.live_sockets import flood, open_sockets
from benchmarks.recordings import ROOT
from tests.e2e.processes import System


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    with echo_service() as target, tempfile.TemporaryDirectory() as folder:
        env = {
            "STT_INFERENCE_TARGET": target,
            "STT_LOG_LEVEL": "WARNING",
            "STT_DATABASE_URL": os.environ.get("STT_DATABASE_URL", ""),
        }
        with System(Path(folder), env=env) as system:
            system.start("web")
            web = psutil.Process(system.pid("web"))
            report_sockets(system, web, count=count, seconds=seconds)
            report_flood(system, web)


@contextmanager
def echo_service() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.live_echo"],
        cwd=ROOT,
        env=os.environ | {"GRPC_VERBOSITY": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def report_sockets(system: System, web: psutil.Process, *, count: int, seconds: float) -> None:
    asyncio.run(measure(system, web, count=8, seconds=3))  # everything is loaded
    idle_bytes = web.memory_full_info().pss
    lags_s, cpu_s, grown_bytes, opened_s = asyncio.run(
        measure(system, web, count=count, seconds=seconds, idle_bytes=idle_bytes)
    )
    percentiles = statistics.quantiles(lags_s, n=100)
    print(
        f"{count} sockets for {seconds:.0f} s: {cpu_s / seconds:.0%} of a core,"
        f" {cpu_s / seconds / count * 1000:.2f} ms of CPU a second each;"
        f" {grown_bytes / count / 1000:.0f} kB each over {idle_bytes / 1e6:.0f} MB;"
        f" lag p50 {percentiles[49] * 1000:.0f} ms, p95 {percentiles[94] * 1000:.0f} ms;"
        f" opened in {opened_s:.1f} s"
    )


async def measure(
    system: System, web: psutil.Process, *, count: int, seconds: float, idle_bytes: int = 0
) -> tuple[list[float], float, int, float]:
    """Return every lag, the CPU time of the speaking alone, the memory above `idle_bytes` at its
    end, and how long opening took."""
    loop = asyncio.get_running_loop()
    key = system.headers["Authorization"].removeprefix("Bearer ")
    began = loop.time()
    sockets = await open_sockets(count, port=system.port("web"), key=key)
    opened_s = loop.time() - began
    before = sum(web.cpu_times()[:2])
    await asyncio.gather(
        *(
            socket.speak(seconds=seconds, offset_s=number / count * 0.1)
            for number, socket in enumerate(sockets)
        )
    )
    cpu_s = sum(web.cpu_times()[:2]) - before
    grown_bytes = web.memory_full_info().pss - idle_bytes
    for socket in sockets:
        socket.stop()
    heard_s = await asyncio.gather(*(socket.ended for socket in sockets))
    assert set(heard_s) == {seconds}, "some were not heard to their end"
    return [lag for socket in sockets for lag in socket.lags_s], cpu_s, grown_bytes, opened_s


def report_flood(system: System, web: psutil.Process) -> None:
    key = system.headers["Authorization"].removeprefix("Bearer ")
    before = web.memory_full_info().pss
    sent = flood(system.port("web"), key=key, megabytes=200, within_s=15)
    grown = web.memory_full_info().pss - before
    print(
        f"a flood by a client that reads nothing: {sent / 1e6:.0f} MB taken,"
        f" grown by {grown / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
