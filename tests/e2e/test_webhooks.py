"""Webhook workers that die in the middle of a request: the message comes all the same.

The product's own processes and a real receiver. A worker that is killed leaves a claim on the
endpoint, which runs out after twice the longest request: only then may another one send.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook

from tests.e2e.processes import System, wait_until
from tests.transcripts.webhooks.receiver import Message, Receiver, answer, hang

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e, pytest.mark.timeout(180)]

TIMEOUT_S = 4
CLAIM_RUNS_OUT_S = 2 * TIMEOUT_S


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    env = {
        "STT_WEBHOOK_ALLOW_HTTP": "true",
        "STT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "STT_WEBHOOK_TIMEOUT_S": f"{TIMEOUT_S}",
    }
    with System(tmp_path / "data", env=env) as system:
        system.start("worker-webhooks", "beat", "web")
        yield system


def test_message_comes_again_under_its_id_when_the_worker_is_killed_while_sending(
    system: System,
) -> None:
    with Receiver(behaviours=[hang, answer(200)]) as receiver:
        endpoint = _post(system, "webhooks/", {"url": receiver.url})
        path = f"webhooks/{endpoint['id']}/"
        _post(system, f"{path}test/", {})
        receiver.wait_for_messages(1, within_s=30)

        system.kill("worker-webhooks")
        system.start("worker-webhooks")

        first, second = receiver.wait_for_messages(2, within_s=CLAIM_RUNS_OUT_S + 30)
        assert _verify(endpoint["secret"], first) == _verify(endpoint["secret"], second)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        wait_until(lambda: _delivery(system, path)["status"] == "succeeded", what="it is noted")
        assert [attempt["status_code"] for attempt in _delivery(system, path)["attempts"]] == [200]


def _post(system: System, path: str, body: dict[str, str]) -> dict[str, str]:
    url = f"{system.url}/api/v1/{path}"
    reply = requests.post(url, json=body, headers=system.headers, timeout=30)
    assert reply.ok, reply.text
    made: dict[str, str] = reply.json()
    return made


def _delivery(system: System, path: str) -> dict[str, Any]:
    url = f"{system.url}/api/v1/{path}deliveries/"
    (delivery,) = requests.get(url, headers=system.headers, timeout=30).json()["results"]
    found: dict[str, Any] = delivery
    return found


def _verify(secret: str, message: Message) -> object:
    return Webhook(secret).verify(message.body, message.headers)
