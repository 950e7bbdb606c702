"""Ctrl-C ends the recordings of a command, also one whose wait loses a cancellation."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from open_stt.cli.context import Context
from open_stt.cli.jobs import Jobs, Order, Work
from open_stt.cli.progress import Bars


async def test_a_cancellation_that_gets_lost_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancelled = asyncio.Event()

    async def wait_deafly(*_: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(Jobs, "_transcribe", wait_deafly)
    context = Context(api_key="stt_key", base_url="http://127.0.0.1:9", as_json=True, is_quiet=True)
    order = Order(format="txt", options={}, settings={})
    jobs = Jobs(context, order, Bars(context))
    running = asyncio.create_task(jobs.run([Work("a.mp3", None, path=Path("a.mp3"))]))
    await asyncio.sleep(0.1)
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=10)
    assert done
    assert running.cancelled()
    assert cancelled.is_set()


async def test_what_is_no_error_of_ours_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Jobs, "_transcribe", fail)
    context = Context(api_key="stt_key", base_url="http://127.0.0.1:9", as_json=True, is_quiet=True)
    jobs = Jobs(context, Order(format="txt", options={}, settings={}), Bars(context))
    with pytest.raises(ZeroDivisionError):
        await jobs.run([Work("a.mp3", None, path=Path("a.mp3"))])
    assert await jobs.run([]) == 0
