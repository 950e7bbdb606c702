"""A worker whose consumer takes nothing any more ends itself, on each broker; another doesn't."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stt_web.consumer_watch import STUCK_AFTER_CHECKS, ConsumerWatch, Observation
from tests.e2e.processes import ROOT, wait_until
from tests.services import rabbitmq_queues, redis_database

pytestmark = pytest.mark.timeout(90)
STUCK = Observation(waiting=3, taken=7, has_room=True)

WORKER = """
import sys
import threading
import django
django.setup()
from celery.signals import worker_ready
from stt_web import consumer_watch
from stt_web.celery import app

consumer_watch.CHECK_EVERY_S = 0.2
consumer_watch.END_WITHIN_S = 3.0
queue, is_to_be_stuck = sys.argv[1], sys.argv[2] == "stuck"

@app.task(name="a.task")
def a_task():
    print("a task was done", flush=True)

@worker_ready.connect
def lose_consumer(sender, **_):
    if is_to_be_stuck:
        threading.Timer(1.0, sender.task_consumer.cancel).start()
        threading.Timer(1.5, print, ["it is stuck"], {"flush": True}).start()
    else:
        print("it is ready", flush=True)

app.worker_main(
    ["--quiet", "worker", "--pool=threads", "--concurrency=2", f"--queues={queue}",
     "--without-gossip", "--without-mingle", "--loglevel=ERROR"]
)
"""
SEND = """
import sys
import django
django.setup()
from stt_web.core.broker import send_now
assert send_now("a.task", queue=sys.argv[1])
"""


@pytest.fixture(params=["redis", "rabbitmq", "files"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "redis":
        with redis_database() as url:
            yield url
    elif request.param == "rabbitmq":
        with rabbitmq_queues("watched") as url:
            yield url
    else:
        yield "filesystem://localhost//"


def environment(broker: str, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        "STT_BROKER_URL": broker,
        "STT_DATA_DIR": str(folder),
    }


@contextmanager
def worker(broker: str, folder: Path, *, how: str) -> Iterator[subprocess.Popen[str]]:
    """Yields it once it is ready, or stuck."""
    command = [sys.executable, "-c", WORKER, "watched", how]
    env = environment(broker, folder)
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert read_line(process).startswith("it is")
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def send(broker: str, folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", SEND, "watched"],
        cwd=ROOT,
        env=environment(broker, folder),
        check=True,
    )


@pytest.mark.e2e
def test_a_worker_that_takes_nothing_any_more_ends(broker: str, tmp_path: Path) -> None:
    with worker(broker, tmp_path, how="stuck") as process:
        time.sleep(0.2 * (STUCK_AFTER_CHECKS + 2))
        assert process.poll() is None  # nothing waits
        send(broker, tmp_path)
        wait_until(lambda: process.poll() is not None, what="it ends by itself")
    assert "event=consumer_stuck" in (tmp_path / "log").read_text()


@pytest.mark.e2e
def test_a_worker_that_takes_what_there_is_does_not(broker: str, tmp_path: Path) -> None:
    with worker(broker, tmp_path, how="well") as process:
        for _ in range(2):
            send(broker, tmp_path)
            assert read_line(process) == "a task was done\n"
        time.sleep(0.2 * (STUCK_AFTER_CHECKS + 3))
        assert process.poll() is None
    assert "event=consumer_stuck" not in (tmp_path / "log").read_text()


def test_it_is_stuck_where_all_observations_in_a_row_show_it() -> None:
    watch = ConsumerWatch()
    noted = [watch.note(STUCK) for _ in range(STUCK_AFTER_CHECKS + 2)]
    assert noted == [False] * STUCK_AFTER_CHECKS + [True, True]


@pytest.mark.parametrize(
    "other",
    [
        None,  # the broker is away
        Observation(waiting=0, taken=7, has_room=True),
        Observation(waiting=3, taken=7, has_room=False),  # it works on as much as it may
        Observation(waiting=3, taken=8, has_room=True),
    ],
)
def test_one_observation_of_another_kind_starts_the_count_again(other: Observation | None) -> None:
    watch = ConsumerWatch()
    for _ in range(STUCK_AFTER_CHECKS):
        assert not watch.note(STUCK)
    assert not watch.note(other)
    assert not any(watch.note(STUCK) for _ in range(STUCK_AFTER_CHECKS - 1))
