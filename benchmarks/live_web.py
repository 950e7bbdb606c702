"""The web tier of live transcription alone, before an inference service that answers at once.

    python -m benchmarks.live_web [SOCKETS [SECONDS]] [--together]

1. 500 sockets, one uvicorn process, audio at the speed of speech in frames of 100 ms: the process's
   CPU and memory for each, and how old the audio is that a partial covers when it arrives (a guess
   of each half second: 0 would be one that is there as its last frame leaves). Speakers pause
   every five seconds, each at another time; with `--together` all within 100 ms, which is the
   worst there is: all that is finalized is stored, and sent, at once.
2. One client that sends as fast as it may and reads nothing: how much is taken of it, and what the
   process grows by.

STT_DATABASE_URL names the database (an empty one; SQLite where it isn't set). The service, the
sockets (in processes of their own) and the database take their part of the same machine: how late
the service's and the sockets' own event loops were is reported beside.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from benchmarks.live_sockets import flood
from benchmarks.recordings import ROOT
from tests.e2e.processes import System

_PROCESSES = 4


class Worker:
    """A child process that reads lines of JSON and answers each with one."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=os.environ | {"GRPC_VERBOSITY": "ERROR"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, **message: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def receive(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@dataclass
class Measured:
    cpu_s: float = 0.0
    grown_bytes: int = 0
    opened_s: float = 0.0
    lags_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)


def main() -> None:
    numbers = [each for each in sys.argv[1:] if each != "--together"]
    count = int(numbers[0]) if numbers else 500
    seconds = float(numbers[1]) if len(numbers) > 1 else 30.0
    with echo_service("--together" in sys.argv) as target, tempfile.TemporaryDirectory() as folder:
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
def echo_service(are_together: bool) -> Iterator[str]:
    with Worker("benchmarks.live_echo", *(["--together"] if are_together else [])) as echo:
        yield echo.receive()
        echo.process.terminate()
        late_s = json.loads(echo.receive())
        print(f"the service's own lateness: {describe(late_s)}")


def report_sockets(system: System, web: psutil.Process, *, count: int, seconds: float) -> None:
    measure(system, web, count=8, seconds=3)  # everything is loaded
    idle_bytes = web.memory_full_info().pss
    measured = measure(system, web, count=count, seconds=seconds, idle_bytes=idle_bytes)
    cpu_s = measured.cpu_s
    print(
        f"{count} sockets for {seconds:.0f} s: {cpu_s / seconds:.0%} of a core,"
        f" {cpu_s / seconds / count * 1000:.2f} ms of CPU a second each;"
        f" {measured.grown_bytes / count / 1000:.0f} kB each over {idle_bytes / 1e6:.0f} MB;"
        f" opened in {measured.opened_s:.1f} s\n"
        f"lag {describe(measured.lags_s)}; the sockets' own lateness: {describe(measured.late_s)}"
    )


def describe(seconds: Sequence[float]) -> str:
    percentiles = statistics.quantiles(seconds, n=100)
    shown = ((50, percentiles[49]), (95, percentiles[94]), (99, percentiles[98]))
    return ", ".join(f"p{number} {value * 1000:.0f} ms" for number, value in shown)


def measure(
    system: System, web: psutil.Process, *, count: int, seconds: float, idle_bytes: int = 0
) -> Measured:
    """Return what was measured while they spoke; the memory above `idle_bytes` at its end."""
    key = system.headers["Authorization"].removeprefix("Bearer ")
    measured = Measured()
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker("benchmarks.live_sockets")) for _ in range(_PROCESSES)
        ]
        began = time.perf_counter()
        ask_all(workers, count=count // _PROCESSES, port=system.port("web"), key=key)
        measured.opened_s = time.perf_counter() - began
        before = sum(web.cpu_times()[:2])
        for answer in ask_all(workers, seconds=seconds):
            measured.lags_s += answer["lags_s"]
            measured.late_s += answer["late_s"]
        measured.cpu_s = sum(web.cpu_times()[:2]) - before
        measured.grown_bytes = web.memory_full_info().pss - idle_bytes
        for answer in ask_all(workers):
            assert answer["heard_s"] == [seconds], "some were not heard to their end"
    return measured


def ask_all(workers: Sequence[Worker], **message: object) -> list[dict[str, Any]]:
    for worker in workers:
        worker.send(**message)
    return [json.loads(worker.receive()) for worker in workers]


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
