"""The drills themselves, shortened: each must end with nothing broken, as a person would run it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drills.clocks import LIBRARY
from drills.faults import Strikes
from drills.fuzz import mutate
from drills.product import Product
from drills.verdict import Verdict
from tests import report
from tests.e2e.processes import ROOT, System, wait_until
from tests.services import POSTGRESQL_URL

pytestmark = [pytest.mark.drills, pytest.mark.timeout(600)]


def run(drill: str, *arguments: str) -> dict[str, Any]:
    """Run a drill to its end; returns its last line. Where it found a fault, all is shown."""
    done = subprocess.run(
        [sys.executable, "-m", f"drills.{drill}", *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "stt_web.settings"},
        capture_output=True,
        text=True,
        timeout=580,
    )
    report.used("database", f"a drill's own at {POSTGRESQL_URL.rpartition('@')[2]}")
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.short
def test_random_kills_break_no_promise() -> None:
    found = run("kills", "--strikes", "12", "--minutes", "1.5")

    assert found["strikes"] > 5
    assert found["recordings accepted"] > 0
    assert found["live sessions"] > 0
    assert found["edits accepted"] > 0


@pytest.mark.short
def test_a_backup_made_under_load_is_all_that_is_needed() -> None:
    assert run("restore")["transcripts"] > 0


def test_work_waits_for_an_inference_service_that_is_away() -> None:
    assert run("away", "--seconds", "75")["recordings accepted"] > 0


def test_replicas_come_and_go() -> None:
    assert len(run("scale", "--seconds", "10")["new replicas busy after, seconds"]) == 2


def test_broken_input_is_refused() -> None:
    assert run("fuzz", "--count", "200")["operations"] > 100


@pytest.mark.skipif(not LIBRARY.exists(), reason="clocks jump by Debian's faketime")
def test_clocks_may_jump() -> None:
    found = run("clocks", "--seconds", "40")

    assert sum(found["jumps"].values()) > 4
    assert found["recordings accepted"] > 0


def test_memory_and_descriptors_stay_flat() -> None:
    found = run("soak", "--minutes", "2")

    assert found["recordings accepted"] > 0
    assert all(most > 0 for _, most in found["MB"].values())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_a_full_disk_is_refused_and_recovered_from() -> None:
    assert run("disk_full")["answers"]


@pytest.mark.short
def test_strikes_that_are_interrupted_start_nothing_behind_their_drill() -> None:
    done: list[str] = []
    system = SimpleNamespace(
        kill=done.append,
        start=done.append,
        freeze=done.append,
        thaw=done.append,
        stop=lambda role, within_s: done.append(role),
        is_running=lambda role: True,
    )
    product = Product(cast("System", system), database_url="", redis=None)
    strikes = Strikes(product, count=1000, until=time.monotonic() + 600, seed=1)

    def end(*_: object) -> None:
        raise SystemExit

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        with pytest.raises(SystemExit):
            strikes.run([["web"], ["beat"]])
    finally:
        signal.signal(signal.SIGALRM, before)
    at_the_end = len(done)
    time.sleep(3)

    assert len(done) == at_the_end > 0


@pytest.mark.short
def test_what_ended_by_itself_is_started_again() -> None:
    running = {"web": True, "beat": False}
    system = SimpleNamespace(
        is_running=running.__getitem__,
        kill=lambda role: running.update({role: False}),
        start=lambda role: running.update({role: True}),
        freeze=lambda role: None,
        thaw=lambda role: None,
        stop=lambda role, within_s: running.update({role: False}),
    )
    product = Product(cast("System", system), database_url="", redis=None)
    strikes = Strikes(product, count=1, until=time.monotonic() + 60, seed=1)
    strikes.run([["web", "beat"]])

    assert strikes.restarted == {"beat": 1}
    assert running == {"web": True, "beat": True}
    with strikes.bringing_back(["web", "beat"]):
        running["web"] = False  # seconds after the last strike
        wait_until(lambda: running["web"], what="it is started again")
    assert strikes.restarted == {"beat": 1, "web": 1}
    assert strikes.failures == []


@pytest.mark.short
def test_a_verdict_names_what_was_broken() -> None:
    verdict = Verdict()
    verdict.hold("recordings lost", [])
    verdict.hold("answers 500", ["GET /x", "GET /y"])

    assert verdict.found == {"recordings lost": 0, "answers 500": 2}
    assert verdict.broken == ["answers 500: 2 (GET /x; GET /y)"]


@pytest.mark.short
def test_what_is_mutated_differs() -> None:
    whole = bytes(range(256)) * 40
    assert len({mutate(whole, random.Random(seed)) for seed in range(50)} - {whole}) > 40
