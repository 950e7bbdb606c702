"""When the audio of many sessions is written."""

import asyncio
import itertools
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from transcripts.jobs.lease import Lease
from transcripts.live import registry
from transcripts.live.audio_buffer import AudioBuffer
from transcripts.live.journal import Journal
from transcripts.live.registry import RegisteredSession, SessionRegistry

FRAME = bytes(3200)


class Member:
    """A session as the registry knows it; `written_s`: when its audio was written."""

    def __init__(self, hub: SessionRegistry, folder: Path) -> None:
        self._hub = hub
        self.lease = Lease(job_id=uuid4(), attempt=1)
        self.feed = AudioBuffer(Journal(folder, attempt=1, start_samples=0))
        self.written_s: list[float] = []
        hub.add(cast("RegisteredSession", self))

    def push(self) -> None:
        self.feed.take(FRAME, limit=1 << 40)
        self._hub.write_soon(cast("RegisteredSession", self))

    def note_written(self, data: bytes, error: OSError | None) -> None:
        assert error is None
        self.feed.note_written(data)
        self.written_s.append(time.monotonic())

    def leave(self) -> None:
        self._hub.discard(cast("RegisteredSession", self))
        self.feed.journal.close()


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sessions each visit to a thread wrote for; nothing asks the database."""
    sizes: list[int] = []
    append_all = registry._append_all

    def count(batch: list[Any]) -> list[OSError | None]:
        sizes.append(len(batch))
        return append_all(batch)

    monkeypatch.setattr(registry, "_append_all", count)
    monkeypatch.setattr(registry, "WATCH_S", 60.0)
    monkeypatch.setattr(registry, "settings", SimpleNamespace(HEARTBEAT_S=60.0))
    monkeypatch.setattr(registry, "WATCH_AT_MOST_EVERY_S", 60.0)
    return sizes


async def test_many_sessions_are_written_in_turns_and_none_waits_long(
    batches: list[int], tmp_path: Path
) -> None:
    hub = SessionRegistry()
    members = [Member(hub, tmp_path / str(number)) for number in range(600)]
    began_s = time.monotonic()
    for _ in range(20):  # a frame of each in 100 ms, a tenth of them at a time
        for number in range(10):
            for member in members[number::10]:
                member.push()
            await asyncio.sleep(0.01)
    async with asyncio.timeout(10):
        while not all(member.feed.is_written for member in members):
            await asyncio.sleep(0.01)
    lasted_s = time.monotonic() - began_s
    for member in members:
        member.leave()
    assert max(batches) < len(members)
    turns = [len(member.written_s) for member in members]
    assert max(turns) <= lasted_s / registry.WRITE_AT_LEAST_EVERY_S + 2
    pauses = [
        later - earlier
        for member in members
        for earlier, later in itertools.pairwise(member.written_s)
    ]
    assert sum(pauses) / len(pauses) >= registry.WRITE_AT_LEAST_EVERY_S * 0.9


async def test_one_session_is_written_at_once_and_one_that_left_never(
    batches: list[int], tmp_path: Path
) -> None:
    hub = SessionRegistry()
    member = Member(hub, tmp_path / "one")
    absent = Member(hub, tmp_path / "other")
    absent.leave()
    absent.push()
    member.push()
    async with asyncio.timeout(5):
        while not member.feed.is_written:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    member.leave()
    assert batches == [1]
    assert absent.written_s == []
