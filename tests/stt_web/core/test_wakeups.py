"""Wake-ups within a process, from others, in floods, and without the layer."""

import asyncio
import logging
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections, transaction
from pytest_django import Settings

from stt_web.core import wakeups
from tests.e2e.processes import free_port
from tests.redis_server import RedisServer
from transcripts.jobs.status_watch import Snapshot, Watcher
from transcripts.models import Status


def use_layer(settings: Settings, port: int) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            **settings.CHANNEL_LAYERS["default"],
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [f"redis://127.0.0.1:{port}/0"]},
        }
    }


@pytest.fixture
def layer(settings: Settings) -> Iterator[RedisServer]:
    with RedisServer() as redis:
        use_layer(settings, redis.port)
        yield redis


class Noted:
    """What a listener was called with."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._came = asyncio.Event()
        self.end = wakeups.listen(wakeups.TRANSCRIPT, self._note)

    def _note(self, identifier: str) -> None:
        self.ids.append(identifier)
        self._came.set()

    async def wait_for(self, identifier: str) -> None:
        async with asyncio.timeout(20):
            while identifier not in self.ids:
                self._came.clear()
                await self._came.wait()


async def wait_until_up() -> None:
    wakeups.receive_wakeups()
    async with asyncio.timeout(20):
        while not wakeups.is_layer_up():
            await asyncio.sleep(0.02)


async def send_as_another_process(*ids: str) -> None:
    message: dict[str, Any] = {
        "type": "wakeups",
        "origin": uuid.uuid4().hex,
        "items": [[wakeups.TRANSCRIPT, each] for each in ids],
    }
    await get_channel_layer().group_send("stt.wakeups", message)


async def test_a_wakeup_comes_with_the_commit_and_never_of_a_rollback(
    transactional_db: None,
) -> None:
    noted = Noted()

    def write() -> list[str]:
        with transaction.atomic():
            wakeups.wake(wakeups.TRANSCRIPT, "undone")
            transaction.set_rollback(True)
        with transaction.atomic():
            wakeups.wake(wakeups.TRANSCRIPT, "done")
            before = list(noted.ids)
        connections.close_all()
        return before

    assert await sync_to_async(write, thread_sensitive=False)() == []
    await noted.wait_for("done")
    noted.end()
    assert noted.ids == ["done"]


async def test_another_processs_wakeups_come_also_after_a_flood(layer: RedisServer) -> None:
    noted = Noted()
    await wait_until_up()

    for number in range(3000):
        await send_as_another_process(f"flood-{number}")
    async with asyncio.timeout(20):
        while "last" not in noted.ids:  # what is over the layer's capacity is dropped
            await send_as_another_process("last")
            await asyncio.sleep(0.1)
    noted.end()

    assert wakeups.is_layer_up()


async def test_what_this_process_sent_is_not_passed_on_twice(
    layer: RedisServer, transactional_db: None
) -> None:
    noted = Noted()
    await wait_until_up()

    await sync_to_async(wakeups.wake)(wakeups.TRANSCRIPT, "own")
    await noted.wait_for("own")
    await send_as_another_process("marker")
    await noted.wait_for("marker")
    await asyncio.sleep(0.5)
    noted.end()

    assert noted.ids.count("own") == 1


async def test_a_layer_that_is_down_neither_raises_nor_makes_wait(
    settings: Settings, transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    use_layer(settings, free_port())
    noted = Noted()

    def flood() -> float:
        began = time.monotonic()
        for number in range(5 * wakeups.MAX_PENDING):
            wakeups.wake(wakeups.TRANSCRIPT, number)
        connections.close_all()
        return time.monotonic() - began

    with caplog.at_level(logging.INFO, logger="stt_web.core.wakeups"):
        took_s = await sync_to_async(flood, thread_sensitive=False)()
        await noted.wait_for(str(5 * wakeups.MAX_PENDING - 1))
        await asyncio.sleep(3)
    noted.end()

    assert took_s < 10
    assert len(noted.ids) == 5 * wakeups.MAX_PENDING
    assert caplog.text.count("wakeups_down part=send") == 1
    assert not wakeups.is_layer_up()


async def test_a_waiting_request_asks_the_database_as_soon_as_it_is_woken(
    transactional_db: None,
) -> None:
    transcript_id = uuid.uuid4()
    status = Status.QUEUED
    watcher = Watcher(
        read=lambda ids: {each: Snapshot(status=status) for each in ids},
        read_places=lambda _: {},
        is_woken=lambda: True,
    )
    took_s = 0.0
    for _ in range(5):  # what polls beside it takes a second each
        status = Status.QUEUED
        waiting = asyncio.ensure_future(watcher.wait_until_closed(transcript_id, timeout_s=20))
        await asyncio.sleep(0.3)
        status = Status.COMPLETED
        began = time.monotonic()
        await sync_to_async(wakeups.wake)(wakeups.TRANSCRIPT, transcript_id)
        assert await waiting == Snapshot(status=Status.COMPLETED)
        took_s += time.monotonic() - began

    assert took_s < 2.5


async def test_each_process_that_listens_answers_a_call(layer: RedisServer) -> None:
    assert await wakeups.call_processes(within_s=1) == 0
    await wait_until_up()
    assert await wakeups.call_processes(within_s=1) == 1


async def test_a_call_through_a_layer_that_is_away_is_refused(settings: Settings) -> None:
    use_layer(settings, free_port())
    with pytest.raises(ConnectionError):
        await wakeups.call_processes(within_s=1)
