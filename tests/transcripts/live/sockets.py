"""The web tier behind a real socket, before a service that recognises a word a second."""

from collections.abc import Iterator

import pytest
from django.db import connections

from tests.e2e.processes import wait_until
from tests.stt_web.served import Served
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.served_api import Client, make_client


@pytest.fixture(scope="module")
def application_server(django_db_setup: None) -> Iterator[Served]:
    from stt_web.asgi import application

    # PostgreSQL drops no database that a thread of the server is still connected to.
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    with Served(application) as served:
        yield served


@pytest.fixture
def server(live: FakeStream, application_server: Served) -> Iterator[Served]:
    """After each test no socket and no session is left, however it ended."""
    yield application_server
    wait_until(lambda: not _count_live_tasks(application_server), what="the tasks of sessions end")
    assert live.open_calls == 0


@pytest.fixture
def speaker(server: Served) -> Client:
    return make_client(server.url)


def _count_live_tasks(server: Served) -> int:
    names = (
        "live-socket",
        "live-session",
        "live-listen",
        "live-write",
        "live-sync",
        "live-watch",
        "live-decode",
    )
    return sum(server.count_tasks(name) for name in names)
