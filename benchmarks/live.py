"""Live sessions, straight against the inference service: how far the text is behind the speech.

    python -m benchmarks.live lag [SESSIONS...]   lags for 1, 8 and 32 sessions, on all cores
    python -m benchmarks.live core                sessions that one core sustains, and a peer's
    python -m benchmarks.live wer                 live finals against the file path, same recordings
    python -m benchmarks.live wer FOLDER [IDS...] the same, and lags, of real speech one by one
    python -m benchmarks.live hours [HOURS]       memory over a session of 4 hours

Audio is sent at the speed of speech, in chunks of 100 ms, by this process. Each takes 4 minutes at
most. `core` pins the service, and then the peer, to the last core; the sender has the others.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.live_client import Notes, run_sessions
from benchmarks.live_hours import report_hours
from benchmarks.live_service import all_cores, running_service
from benchmarks.live_wer import report_folder, report_wer
from benchmarks.recordings import ROOT, load_roll

_LAG_SECONDS = 45.0
_CORE_SECONDS = 20.0
_BEARABLE_MS = 2000.0
_MOST_SESSIONS = 64


def report_lag(counts: Sequence[int]) -> None:
    with running_service(cores=all_cores()) as address:
        _measure(address, 1, seconds=5)  # the model is loaded
        for count in counts:
            notes = _measure(address, count, seconds=_LAG_SECONDS)
            print(f"{count} sessions: {_describe(notes)}")


def report_core() -> None:
    core = all_cores()[-1]
    with running_service(cores=[core], STT_CPU_THREADS="1") as address:
        _measure(address, 1, seconds=5)
        ours = find_most("ours", lambda count: _lag_p95(_measure(address, count)))
    plain = find_most("peer", lambda count: _measure_peer(count, core=core))
    print(f"one core, p95 lag ≤ 2 s: ours {ours}, peer {plain}: × {ours / max(1, plain):.1f}")


def find_most(name: str, measure_p95: Callable[[int], float]) -> int:
    """Double the sessions until the lag is too long, then halve the gap twice."""
    good, bad = 0, 4
    while bad <= _MOST_SESSIONS and _is_bearable(name, bad, measure_p95):
        good, bad = bad, 2 * bad
    for _ in range(2):
        middle = (good + bad) // 2
        if middle in (good, bad):
            break
        if _is_bearable(name, middle, measure_p95):
            good = middle
        else:
            bad = middle
    return good


def _is_bearable(name: str, count: int, measure_p95: Callable[[int], float]) -> bool:
    p95 = measure_p95(count)
    print(f"  {name}, {count} sessions: p95 lag {p95:.0f} ms", flush=True)
    return p95 <= _BEARABLE_MS


def _measure(address: str, count: int, *, seconds: float = _CORE_SECONDS) -> list[Notes]:
    recordings = [load_roll(seed, seconds=seconds) for seed in range(count)]
    return asyncio.run(run_sessions(address, recordings, language="en"))


def _measure_peer(count: int, *, core: int, options: Sequence[str] = ()) -> float:
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.live_peer", str(count), str(_CORE_SECONDS), *options],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: os.sched_setaffinity(0, [core]),  # no threads here
    ).stdout
    return _quantile([float(lag) for lag in json.loads(printed)], 0.95)


def _lag_p95(notes: Sequence[Notes]) -> float:
    return _quantile([lag for each in notes for lag in each.lags], 0.95)


def _describe(notes: Sequence[Notes]) -> str:
    lags = [lag for each in notes for lag in each.lags]
    firsts = [delay for each in notes for delay in each.first_partials]
    finals = [each.final_after_stop for each in notes]
    hypotheses = sum(each.hypotheses for each in notes)
    seconds = len(lags) / 10
    return (
        f"lag p50 {_quantile(lags, 0.5):.0f}, p95 {_quantile(lags, 0.95):.0f} ms; "
        f"first partial of an utterance p50 {_quantile(firsts, 0.5):.0f}, "
        f"p95 {_quantile(firsts, 0.95):.0f} ms; final after stop p95 "
        f"{_quantile(finals, 0.95):.0f} ms; {hypotheses / seconds:.2f} hypotheses/s a session; "
        f"accelerator {sum(each.compute_ms for each in notes) / 1000 / seconds * len(notes):.2f} "
        f"s/s; interval up to {max(max(each.intervals_ms) for each in notes)} ms, "
        f"behind {sum(each.was_behind for each in notes)}"
    )


def _quantile(values: Sequence[float], part: float) -> float:
    if not values:
        return float("nan")
    return sorted(values)[max(0, round(len(values) * part) - 1)]


def main(kind: str, *arguments: str) -> None:
    if kind == "lag":
        report_lag([int(count) for count in arguments] or [1, 8, 32])
    elif kind == "core":
        report_core()
    elif kind == "wer" and arguments:
        report_folder(Path(arguments[0]), arguments[1:])
    elif kind == "wer":
        report_wer()
    elif kind == "hours":
        report_hours(float(arguments[0]) if arguments else 4.0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
