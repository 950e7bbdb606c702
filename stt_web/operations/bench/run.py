"""A bench run: what is measured, in which order, within how long, and on what machine."""

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db import Error as DatabaseFailure
from django.db import connection

from stt_web.operations.bench.account import MeteredPlanError, bench_account
from stt_web.operations.bench.budget import Budget
from stt_web.operations.bench.figures import BenchReport, Figure, Skipped
from stt_web.operations.bench.live_sockets import SessionRefusedError
from stt_web.operations.bench.server import MeasuredServer, StatusError
from stt_web.operations.bench.speech import measure_clips, measure_live, measure_recogniser
from stt_web.operations.bench.tier import measure_library, measure_upload
from stt_web.operations.inference_checks import fetch_info_twice
from transcripts.inference.errors import InferenceError
from transcripts.inference.servers import shared_server

SHORTEST_S, USUAL_S, LONGEST_S = 30.0, 60.0, 600.0
# Parts of the time; what is left over is for removing what was made.
_RECOGNISER, _CLIPS, _LIVE, _UPLOAD, _LIBRARY = 0.15, 0.4, 0.3, 0.05, 0.05
_FAILURES = (InferenceError, StatusError, OSError, DatabaseFailure)


@dataclass
class _Run:
    """One run: what it has found, and how long it may take in all."""

    within_s: float
    report: BenchReport = field(default_factory=BenchReport)

    def measure(self, name: str, part: float, find: Callable[[Budget], Iterable[Figure]]) -> None:
        """Add what `find` measures within its part of the time, or why it could not."""
        try:
            self.report.figures += find(Budget(part * self.within_s))
        except _FAILURES as error:
            self.report.skipped.append(Skipped(name=name, reason=_reason(error)))


def run_bench(url: str, *, within_s: float) -> BenchReport:
    """Measure the installation whose web server is at `url`. Blocks for about `within_s` at most.

    Leaves nothing behind but the audit log's entries. Raises MeteredPlanError, and
    django.db.Error where the database is away.
    """
    began = time.monotonic()
    run = _Run(within_s)
    run.report.machine = describe_machine()
    run.measure("recogniser", _RECOGNISER, lambda budget: _measure_recogniser(run, budget))
    with bench_account() as key:
        server = MeasuredServer(url.rstrip("/"), key)
        rtfx = next((each.value for each in run.report.figures), 0.0)
        cores = os.cpu_count() or 1
        run.measure("clips", _CLIPS, lambda budget: measure_clips(server, budget))
        run.measure(
            "live_sessions",
            _LIVE,
            # What a session takes at most by what the recogniser does: where the search begins.
            lambda budget: measure_live(server, budget, cores=cores, first=int(rtfx / 8)),
        )
        run.measure("upload", _UPLOAD, lambda budget: [measure_upload(server, budget)])
    run.measure("library", _LIBRARY, measure_library)
    run.report.remark = _remark(run.report.machine)
    run.report.took_s = round(time.monotonic() - began, 1)
    return run.report


def _measure_recogniser(run: _Run, budget: Budget) -> Iterator[Figure]:
    server = shared_server()
    info = fetch_info_twice(server)
    figure, accepted = measure_recogniser(server, budget)
    run.report.machine |= {
        "model": accepted.model,
        "device": f"{accepted.device} {info.device.name}".strip(),
        "compute type": accepted.compute_type,
        "version": info.version,
    }
    yield figure


def describe_machine() -> dict[str, str | int | float]:
    """Return what the figures depend on: this machine's, and what else it was doing."""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory_kb = int(file.readline().split()[1])
    return {
        "cores": os.cpu_count() or 1,
        "memory (GB)": round(memory_kb / 1e6, 1),
        "processor": _processor(),
        "load before (1 min)": round(os.getloadavg()[0], 2),
        "database": connection.display_name,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1] for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0].strip() if names else platform.machine()


def _remark(machine: Mapping[str, str | int | float]) -> str:
    load, cores = float(machine["load before (1 min)"]), int(machine["cores"])
    if load <= cores / 4:
        return ""
    return f"The machine was busy before (load {load:g} on {cores} cores): a quiet one does better."


def _reason(error: BaseException) -> str:
    """Return the reason as a sentence without addresses or keys."""
    if isinstance(error, InferenceError):
        return error.message
    if isinstance(error, SessionRefusedError | StatusError):
        return str(error)
    reason = getattr(error, "reason", error)  # of urllib's
    if isinstance(reason, TimeoutError):
        return "There was not enough time: see --seconds."
    if isinstance(error, OSError):
        return "The web server was not reached: see --url."
    return f"{type(error).__name__}."


__all__ = ["LONGEST_S", "SHORTEST_S", "USUAL_S", "MeteredPlanError", "run_bench"]
