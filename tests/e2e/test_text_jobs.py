"""A worker that dies while it works on a text: the work is done again, once, by the next one.

The product's own web server, workers and beat, on the broker that loses most (the filesystem), and
a scripted inference service, which holds the first call back until its caller is dead.
"""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.processes import System, wait_until
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.intelligence.texts import MEETING

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e, pytest.mark.timeout(240)]

ROLES = ("web", "worker-texts", "worker-housekeeping", "beat")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    env = {"STT_LEASE_S": "3", "STT_HEARTBEAT_S": "0.5", "STT_SWEEP_S": "0.5"}
    with System(tmp_path_factory.mktemp("text_jobs") / "data", env=env) as running:
        running.start(*ROLES)
        yield running


@pytest.fixture
def inference(system: System) -> Iterator[FakeInference]:
    with FakeInference(target=f"127.0.0.1:{system.port('inference')}") as fake:
        yield fake


def call(system: System, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(
        method, system.url + path, headers=system.headers, timeout=60, **options
    )


def order(system: System) -> str:
    body = {"text": MEETING, "async": True}
    answer = call(system, "POST", "/v1/summarize", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def status_of(system: System, job_id: str) -> str:
    return str(call(system, "GET", f"/api/v1/text-jobs/{job_id}/").json()["status"])


def order_and_wait(system: System, inference: FakeInference) -> str:
    """Have a text worked on, and return once the engine is at it; it answers no more."""
    entered = threading.Event()
    inference.language.hangs, inference.language.before = threading.Event(), entered.set
    job_id = order(system)
    assert entered.wait(30), "no worker took it"
    assert status_of(system, job_id) == "processing"
    return job_id


def test_a_killed_worker_s_text_is_done_by_the_next_one(
    system: System, inference: FakeInference
) -> None:
    job_id = order_and_wait(system, inference)
    system.kill("worker-texts")
    assert inference.language.left.acquire(timeout=30), "its call was not ended"
    inference.language.hangs = None
    system.start("worker-texts")
    wait_until(lambda: status_of(system, job_id) == "completed", what="it is done", within_s=60)
    done = call(system, "GET", f"/api/v1/text-jobs/{job_id}/").json()
    assert done["answer"]["summary"]
    assert call(system, "GET", "/api/v1/text-jobs/").json()["count"] == 1


def test_a_stopped_worker_gives_its_text_back(system: System, inference: FakeInference) -> None:
    job_id = order_and_wait(system, inference)
    system.stop("worker-texts")
    assert status_of(system, job_id) == "queued"
    inference.language.hangs = None
    system.start("worker-texts")
    wait_until(lambda: status_of(system, job_id) == "completed", what="it is done", within_s=60)


def test_cancelling_frees_the_engine_of_another_process(
    system: System, inference: FakeInference
) -> None:
    job_id = order_and_wait(system, inference)
    assert call(system, "DELETE", f"/api/v1/text-jobs/{job_id}/").status_code == 204
    assert inference.language.left.acquire(timeout=10)
    assert status_of(system, job_id) == "cancelled"


def test_a_long_text_is_waited_for_through_the_worker(
    system: System, inference: FakeInference
) -> None:
    text = "The bakery in Leeds opens on the third of March, and the ovens are installed.\n" * 400
    answer = call(system, "POST", "/v1/summarize", json={"text": text})
    assert answer.status_code == 200, answer.text
    assert answer.json()["coverage"]["characters"] == len(text)
