"""Messages for workers go out with the commit, and a broker that is down breaks nothing."""

import pytest
from celery import current_app
from django.db import transaction

from stt_web.core.broker import enqueue, send_now

pytestmark = pytest.mark.database


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that reach the broker's client: the application's own door."""
    messages: list[str] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda task, **_: messages.append(task), raising=True
    )
    return messages


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr(current_app, "send_task", refuse)


@pytest.mark.django_db(transaction=True)
def test_a_message_goes_out_with_the_commit(sent: list[str]) -> None:
    with transaction.atomic():
        enqueue("a.task", ["1"], queue="bulk")
        assert sent == []
    assert sent == ["a.task"]
    with transaction.atomic():
        enqueue("another.task", queue="bulk")
        transaction.set_rollback(True)
    assert sent == ["a.task"]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_breaks_no_commit(
    broken: None, caplog: pytest.LogCaptureFixture
) -> None:
    failed = []
    with transaction.atomic():
        enqueue("a.task", queue="bulk", on_failure=lambda: failed.append(1))
    assert failed == [1]
    assert not send_now("a.task", queue="bulk")
    assert "no broker" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_remedy_that_fails_breaks_no_commit_either(broken: None) -> None:
    with transaction.atomic():
        enqueue("a.task", queue="bulk", on_failure=lambda: 1 // 0)
