"""The watcher of transcripts that requests wait for: no failure ends it, and all who wait hear."""

import asyncio
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from transcripts.jobs.status_watch import Snapshot, Watcher
from transcripts.models import Status

DONE = Snapshot(status=Status.COMPLETED)
FAILURES = [ValueError("unforeseen"), OperationalError("away"), AssertionError("a fault of ours")]


class Rows:
    """What the watcher reads: the failures first, then that all are as `snapshot` says."""

    def __init__(self, *failures: Exception, snapshot: Snapshot = DONE) -> None:
        self.failures = list(failures)
        self.snapshot = snapshot
        self.asked: list[set[UUID]] = []

    def __call__(self, ids: set[UUID]) -> dict[UUID, Snapshot]:
        self.asked.append(ids)
        if self.failures:
            raise self.failures.pop()
        return dict.fromkeys(ids, self.snapshot)


def make_watcher(rows: Rows) -> Watcher:
    return Watcher(rows, read_places=lambda ids: {}, is_woken=lambda: False)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: type(each).__name__)
async def test_those_who_wait_are_told_after_a_failure(failure: Exception) -> None:
    rows = Rows(failure)
    watcher = make_watcher(rows)
    waiting = [watcher.wait_until_closed(uuid4(), timeout_s=30) for _ in range(3)]

    assert await asyncio.gather(*waiting) == [DONE] * 3
    assert len(rows.asked) >= 2
    assert watcher.waiting == 0


async def test_a_failure_of_the_places_ends_no_wait() -> None:
    failures: list[Exception] = [ValueError("unforeseen")]
    waiting_row = Snapshot(status=Status.QUEUED)

    def read_places(ids: set[UUID]) -> dict[UUID, int]:
        if failures:
            raise failures.pop()
        return dict.fromkeys(ids, 4)

    watcher = Watcher(Rows(snapshot=waiting_row), read_places=read_places, is_woken=lambda: False)
    async with asyncio.timeout(30), watcher.subscribe(uuid4(), wants_place=True) as subscription:
        assert (await subscription.next_change()).place == 4


async def test_one_that_came_after_a_failure_waits_no_longer_than_the_others() -> None:
    rows = Rows(ValueError("unforeseen"))
    watcher = make_watcher(rows)
    first = asyncio.create_task(watcher.wait_until_closed(uuid4(), timeout_s=30))
    while not rows.asked:
        await asyncio.sleep(0.01)
    second = watcher.wait_until_closed(uuid4(), timeout_s=30)

    assert [*await asyncio.gather(first, second)] == [DONE] * 2


async def test_what_is_deleted_is_a_change() -> None:
    watcher = Watcher(lambda ids: {}, read_places=lambda ids: {}, is_woken=lambda: False)
    snapshot = await watcher.wait_until_closed(uuid4(), timeout_s=30)
    assert snapshot is not None
    assert snapshot.status == ""


async def test_one_who_leaves_stops_no_other() -> None:
    rows = Rows(snapshot=Snapshot(status=Status.PROCESSING))
    watcher = make_watcher(rows)
    leaving = asyncio.create_task(watcher.wait_until_closed(uuid4(), timeout_s=30))
    staying = asyncio.create_task(watcher.wait_until_closed(uuid4(), timeout_s=30))
    while not rows.asked:
        await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.wait([leaving])
    rows.snapshot = DONE

    assert await staying == DONE
