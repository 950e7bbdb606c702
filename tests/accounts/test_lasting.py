"""What lasts ends when the right behind it ends, also while nothing is to be sent."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from accounts.lasting import while_allowed

EVERY_S = 0.05


class Source:
    """Pieces at an interval; notes that it was closed."""

    def __init__(self, *, chunks: int, pause_s: float) -> None:
        self._chunks, self._pause_s = chunks, pause_s
        self.is_closed = False

    async def read(self) -> AsyncIterator[bytes]:
        try:
            for number in range(self._chunks):
                await asyncio.sleep(self._pause_s)
                yield str(number).encode()
        finally:
            self.is_closed = True


async def collect(source: Source, answers: list[bool]) -> list[bytes]:
    def is_allowed() -> bool:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async with asyncio.timeout(20):
        return [chunk async for chunk in while_allowed(source.read(), is_allowed, every_s=EVERY_S)]


async def test_all_parts_come_in_order_while_the_right_lasts() -> None:
    source = Source(chunks=20, pause_s=EVERY_S / 3)

    assert await collect(source, [True]) == [str(number).encode() for number in range(20)]
    assert source.is_closed


async def test_a_source_that_always_has_a_chunk_ends_too() -> None:
    source = Source(chunks=10**9, pause_s=0)

    await collect(source, [True, False])

    assert source.is_closed


async def test_a_source_that_is_silent_for_ever_is_cancelled_and_closed() -> None:
    source = Source(chunks=1, pause_s=3600)

    assert await collect(source, [True, True, False]) == []
    assert source.is_closed


async def test_no_chunk_is_yielded_after_a_no() -> None:
    source = Source(chunks=2, pause_s=EVERY_S * 1.5)

    assert await collect(source, [False]) == []


async def test_a_client_that_goes_closes_the_source() -> None:
    source = Source(chunks=5, pause_s=0)
    chunks = while_allowed(source.read(), lambda: True, every_s=EVERY_S)

    await anext(chunks)
    await chunks.aclose()  # type: ignore[attr-defined]  # it is a generator

    assert source.is_closed


async def test_a_fault_of_the_source_is_passed_on() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"first"
        raise OSError("the disk")

    chunks = while_allowed(broken(), lambda: True, every_s=EVERY_S)
    assert await anext(chunks) == b"first"
    with pytest.raises(OSError, match="disk"):
        await anext(chunks)
