"""The CPU stages have the same order of precedence as the accelerator."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from inference_service.priority import Priority
from inference_service.stages import CpuStages

THREADS = 3


@pytest.fixture
async def stages() -> AsyncIterator[CpuStages]:
    stages = CpuStages(threads=THREADS)
    yield stages
    stages.close()


async def test_a_stage_answers_with_its_result_or_its_error(stages: CpuStages) -> None:
    assert await stages.run(Priority.BULK, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await stages.run(Priority.BULK, divmod, 7, 0)


async def test_short_work_runs_at_once_while_bulk_work_fills_the_threads(
    stages: CpuStages,
) -> None:
    release = threading.Event()
    bulk = [
        asyncio.create_task(stages.run(Priority.BULK, release.wait, 30)) for _ in range(2 * THREADS)
    ]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(stages.run(Priority.SHORT, lambda: "done"), 10) == "done"
    assert not any(task.done() for task in bulk)
    release.set()
    await asyncio.gather(*bulk)


async def test_the_most_urgent_stage_is_taken_next(stages: CpuStages) -> None:
    release = threading.Event()
    order: list[str] = []
    busy = [
        asyncio.create_task(stages.run(Priority.LIVE, release.wait, 30)) for _ in range(THREADS - 1)
    ]
    blocker = asyncio.create_task(stages.run(Priority.LIVE, release.wait, 30))
    await asyncio.sleep(0)
    waiting = [
        asyncio.create_task(stages.run(priority, order.append, priority.name))
        for priority in (Priority.SHORT, Priority.LIVE)
    ]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*busy, blocker, *waiting)
    assert set(order) == {"LIVE", "SHORT"}
