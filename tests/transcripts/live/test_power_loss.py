"""Live sessions and the power: what the client may forget is on the disk."""

import asyncio
import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.disk import Disk, watched_disk
from tests.transcripts.live.conftest import (
    SECOND,
    ask_for,
    db,
    new_account,
    read_all,
    reload,
    speak,
)
from tests.transcripts.live.fake_stream import FakeStream
from transcripts.live.events import Failed
from transcripts.live.journal import Journal, assemble, seal
from transcripts.live.opening import open_session
from transcripts.live.registry import SYNC_EVERY_S, WRITE_AT_LEAST_EVERY_S
from transcripts.models import Status
from transcripts.services.recordings import recording_path

pytestmark = pytest.mark.database
HEADER_BYTES = 44
BYTES_A_MS = 32


def synced_ms(disk: Disk, folder: Path) -> int:
    """What would be left of the session's audio."""
    sizes = [size for path, size in disk.sizes.items() if path.parent == folder and size]
    return sum(size - HEADER_BYTES for size in sizes if size >= HEADER_BYTES) // BYTES_A_MS


def test_less_than_a_second_of_audio_is_at_risk() -> None:
    assert SYNC_EVERY_S + WRITE_AT_LEAST_EVERY_S < 1.0


async def test_what_a_client_may_discard_is_on_the_disk(live: FakeStream) -> None:
    with watched_disk() as disk:
        session = await speak(await db(new_account), seconds=0)
        folder = recording_path(await db(reload, session)).parent
        seen = set()
        for _ in range(4):
            await session.push(SECOND)
            deadline = time.monotonic() + 20
            while session.audio_ms < session.feed.accepted // 16:
                assert time.monotonic() < deadline, "the audio is never acknowledged"
                on_disk = synced_ms(disk, folder) if session.audio_ms else 0
                assert session.audio_ms <= on_disk
                seen.add(session.audio_ms)
                await asyncio.sleep(0.02)
        assert {folder, folder.parent} <= set(disk.synced)
        await session.stop()
        await read_all(session)

    assert len(seen) > 1
    assert session.audio_ms == 4000
    assert disk.sizes[folder / "recording"] == HEADER_BYTES + 4000 * BYTES_A_MS


async def test_audio_that_waits_for_its_sync_is_not_acknowledged(live: FakeStream) -> None:
    session = await speak(await db(new_account), seconds=2)
    assert session.feed.synced == 0
    while session.feed.journalled < 32_000:
        await asyncio.sleep(0.001)
    acknowledged = session.audio_ms
    await session.stop()
    await read_all(session)
    assert acknowledged < 2000 or session.feed.synced >= 32_000


async def test_a_session_that_pauses_is_synced_to_its_end(live: FakeStream) -> None:
    with watched_disk() as disk:
        session = await speak(await db(new_account), seconds=2)
        folder = recording_path(await db(reload, session)).parent
        await session.abandon()
        assert synced_ms(disk, folder) == 2000


async def test_who_goes_on_gets_only_what_was_synced_before(live: FakeStream) -> None:
    """The process that wrote it may have died before its own sync."""
    account = await db(new_account)
    first = await speak(account, seconds=2)
    await first.abandon()
    with watched_disk() as disk:
        second = await open_session(ask_for(account, resume_token=first.resume_token))
        folder = recording_path(await db(reload, second)).parent
        assert (second.ready.audio_ms, synced_ms(disk, folder)) == (2000, 2000)
        await second.stop()
        await read_all(second)


async def test_a_disk_that_does_not_take_it_ends_the_session(
    live: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await speak(await db(new_account), seconds=1)
    fsync = os.fsync
    is_first = iter([True])

    def fail_once(descriptor: int) -> None:
        if next(is_first, False):
            raise OSError(errno.EIO, "The disk is broken.")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    last = (await read_all(session))[-1]

    assert isinstance(last, Failed)
    assert last.error.code == "storage_full"
    assert (await db(reload, session)).status == Status.COMPLETED


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_recording_is_synced_before_the_journals_that_it_is_made_of_go(
    tmp_path: Path, epochs: int
) -> None:
    folder = tmp_path / "session"
    for number in range(epochs):
        journal = Journal(folder, attempt=number + 1, start_samples=number * 16_000)
        journal.append(SECOND)
    names_at_sync: list[set[str]] = []
    with watched_disk() as disk:
        note = disk.fsync

        def note_names(fd: Any) -> None:
            note(fd)
            names_at_sync.append({path.name for path in folder.iterdir()})

        os.fsync = note_names
        assert (seal(journal) if epochs == 1 else assemble(folder)) == epochs * 16_000

    recording = folder / "recording"
    if epochs > 1:  # it is made of them, and has its name once all of it is on the disk
        partial, names = disk.synced.pop(0), names_at_sync.pop(0)
        assert disk.sizes[partial] == HEADER_BYTES + epochs * len(SECOND)
        assert (partial.suffix, "recording" in names) == (".partial", False)
        assert len(names_at_sync[1]) == 1 + epochs  # the journals are there until that is done
    assert disk.synced == [recording, folder, tmp_path]
    assert disk.sizes[recording] == HEADER_BYTES + epochs * len(SECOND)
    assert all("recording" in names for names in names_at_sync)
