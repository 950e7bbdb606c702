"""Live sessions by their service, against a scripted inference service and this run's database."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from accounts.models import ApiKey
from billing.models import BillingAccount
from tests.billing.conftest import create_account
from tests.e2e.processes import wait_until
from tests.transcripts.live.connections import close_connections
from tests.transcripts.live.fake_stream import FakeStream
from transcripts.inference.catalog import InferenceUnavailableError
from transcripts.inference.routing import catalog_of
from transcripts.inference.servers import shared_server
from transcripts.live.events import LiveEvent, LiveRequest
from transcripts.live.opening import open_session
from transcripts.live.session import SessionRunner
from transcripts.models import Transcript
from transcripts.options import TranscriptionOptions

T = TypeVar("T")
SECOND = b"\x10\x00" * 16_000


@pytest.fixture(scope="module")
def stream() -> Iterator[FakeStream]:
    with FakeStream() as fake:
        with grpc.insecure_channel(fake.target) as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
        yield fake


@pytest.fixture
def live(
    transactional_db: None, settings: Settings, tmp_path: Path, stream: FakeStream
) -> Iterator[FakeStream]:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.INFERENCE_TARGET = stream.target
    settings.HEARTBEAT_S = 0.1
    stream.scripts.clear()
    stream.calls.clear()
    stream.files.scripts.clear()
    wait_until(answers, what="the process's own channel to the service is open")
    yield stream
    close_connections()
    in_thread_close()


def answers() -> bool:
    """Whether the service is reached: a channel that is opened again fails calls for a second."""
    try:
        return not catalog_of(shared_server()).list_models().is_stale
    except InferenceUnavailableError:
        return False


def in_thread_close() -> None:
    connections.close_all()


async def db(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run blocking database code of a test."""

    def run() -> T:
        try:
            return work(*args, **kwargs)
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()


_OPTIONS = {each.name for each in dataclasses.fields(TranscriptionOptions)}


def ask_for(account: BillingAccount | None = None, **fields: Any) -> LiveRequest:
    """Return the request of an account, or of a guest."""
    values: dict[str, Any] = {
        "user": account.user if account is not None else None,
        "key": None,
        "address": "192.0.2.7",
        **{name: value for name, value in fields.items() if name not in _OPTIONS},
    }
    options = {name: value for name, value in fields.items() if name in _OPTIONS}
    return LiveRequest(options=TranscriptionOptions(diarize=False, **options), **values)


async def read_all(session: SessionRunner) -> list[LiveEvent]:
    return [event async for event in session.events()]


async def speak(account: BillingAccount | None, *, seconds: int, **fields: Any) -> SessionRunner:
    """Open a session and speak for so many seconds."""
    session = await open_session(ask_for(account, **fields))
    for _ in range(seconds):
        await session.push(SECOND)
    return session


def reload(session: SessionRunner) -> Transcript:
    return Transcript.objects.get(pk=session.transcript_id)


def words_of(transcript: Transcript) -> list[str]:
    return [segment.text for segment in transcript.segments.all()]


def new_account(**fields: Any) -> BillingAccount:
    return create_account(**{"minutes": 60, **fields})


def new_key(account: BillingAccount) -> ApiKey:
    from accounts.keys.issue import issue_api_key

    assert account.user is not None
    return issue_api_key(account.user, name="test")[0]
