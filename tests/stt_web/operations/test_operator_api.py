"""Doctor and bench over the API: for operators' keys alone, one at a time."""

import json
import threading
from typing import Any

import pytest
import requests
from django.core.asgi import get_asgi_application
from django.core.cache import cache
from django.test import Client

from accounts.keys.cache import evict_keys
from accounts.keys.issue import issue_api_key
from accounts.models import User
from stt_web.core.asgi.thread_slots import ThreadSlotsLayer
from stt_web.operations import api
from stt_web.operations.reports import ReportFailedError, ReportRunningError, run_report
from tests.stt_web.served import Served

DOCTOR, BENCH = "/api/v1/operator/doctor/", "/api/v1/operator/bench/"

pytestmark = pytest.mark.django_db


def client_of(*scopes: str, is_staff: bool = True) -> Client:
    user = User.objects.create_user("ops@example.com", is_staff=True)
    _, raw = issue_api_key(user, name="test", scopes=scopes)
    User.objects.filter(pk=user.pk).update(is_staff=is_staff)  # who was one, may have a key still
    return Client(headers={"Authorization": f"Bearer {raw}"})


def post(client: Client, **body: object) -> Any:
    return client.post(BENCH, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("scopes", [(), ("operate",)])
def test_a_key_of_anyone_else_is_refused(scopes: tuple[str, ...]) -> None:
    client = client_of(*scopes, is_staff=False)
    for answer in (client.get(DOCTOR), post(client)):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_an_operator")


def test_an_operators_narrower_key_is_refused() -> None:
    answer = client_of("read", "manage", "transcribe").get(DOCTOR)
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


def test_an_operators_session_is_no_key() -> None:
    client = Client()
    client.force_login(User.objects.create_user("ops@example.com", is_staff=True))
    assert client.get(DOCTOR).status_code == 401
    assert post(client).status_code == 401


def test_no_one_else_makes_a_key_for_it() -> None:
    client = client_of(is_staff=False)
    body = json.dumps({"name": "watch", "scopes": ["operate"]})
    answer = client.post("/api/v1/keys/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_an_operator")
    User.objects.update(is_staff=True)
    evict_keys()
    made = client.post("/api/v1/keys/", body, content_type="application/json")
    assert (made.status_code, made.json()["scopes"]) == (201, ["operate"])


@pytest.mark.parametrize("seconds", [5, 61, "long"])
def test_the_time_of_bench_is_bounded(seconds: object) -> None:
    assert post(client_of("operate"), seconds=seconds).status_code == 400


@pytest.mark.django_db(transaction=True)  # a thread of its own looks
def test_a_second_one_at_the_same_time_is_refused() -> None:
    cache.add("operator-report-bench", value=True, timeout=30)
    answer = post(client_of("operate"))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_running")
    cache.delete("operator-report-bench")


@pytest.mark.django_db(transaction=True)
def test_an_operators_key_gets_doctors_report() -> None:
    """The command itself, in a process of its own: that is what takes its seconds."""
    answer = client_of("operate").get(DOCTOR)
    assert answer.status_code == 200
    report = answer.json()
    levels = [finding["level"] for finding in report["findings"]]
    order = ("ok", "warning", "failure")
    assert report["worst"] == max(levels, key=order.index)
    assert {"settings", "database", "inference"} <= {each["subject"] for each in report["findings"]}


def test_a_command_that_ends_without_a_report_gives_its_place_back() -> None:
    for _ in range(2):
        with pytest.raises(ReportFailedError):
            run_report("bench", "--seconds", "1", within_s=30)


def test_the_place_is_taken_while_it_runs() -> None:
    cache.add("operator-report-doctor", value=True, timeout=30)
    with pytest.raises(ReportRunningError):
        run_report("doctor", within_s=1)
    cache.delete("operator-report-doctor")


@pytest.mark.django_db(transaction=True)
def test_others_are_answered_while_a_report_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one thread for all requests; of eight, each eighth would wait for a minute."""
    begun, ends = threading.Event(), threading.Event()
    answers: list[int] = []

    def report(*_: str, within_s: float) -> dict[str, Any]:
        begun.set()
        ends.wait(30)
        return {"worst": "ok", "findings": []}

    monkeypatch.setattr(api, "run_report", report)
    user = User.objects.create_user("ops@example.com", is_staff=True)
    headers = {"Authorization": f"Bearer {issue_api_key(user, name='test')[1]}"}
    application: Any = get_asgi_application()
    with Served(ThreadSlotsLayer(application, slots=1)) as served:

        def ask() -> None:
            answers.append(
                requests.get(served.url + DOCTOR, headers=headers, timeout=60).status_code
            )

        asking = threading.Thread(target=ask)
        asking.start()
        assert begun.wait(20)
        other = requests.get(f"{served.url}/api/v1/keys/", headers=headers, timeout=10)
        ends.set()
        asking.join(20)

    assert (other.status_code, answers) == (200, [200])
