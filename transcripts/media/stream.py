"""The caller's side of a live stream's decoder: audio in, PCM out, from a child that may die.

decoder = await StreamDecoder.start(source)
await decoder.push(data)            # waits while the decoder is behind
async for pcm in decoder: ...       # int16 LE, mono, 16 kHz
decoder.finish()                    # no more audio: the rest follows, then iteration ends
await decoder.close()               # in any case
"""

import asyncio
import logging
import socket
from multiprocessing.context import ForkServerProcess
from typing import Self

from stt_web.core.background import finish_anyway
from transcripts.media.decoder import raise_if_error
from transcripts.media.errors import DecoderDiedError
from transcripts.media.messages import GarbledError, Note, parse_message
from transcripts.media.process import end_process, start_process
from transcripts.media.stream_entry import run_stream_child
from transcripts.media.stream_messages import LENGTH, StreamSource, parse_length

log = logging.getLogger(__name__)


class StreamDecoder:
    """One stream's. Made by `start`; of one event loop."""

    def __init__(
        self,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer

    @classmethod
    async def start(cls, source: StreamSource) -> Self:
        """Start the child; some 20 ms. Raises DecoderDiedError."""
        ours, theirs = socket.socketpair()
        try:
            starting = asyncio.to_thread(_start_child, theirs, source)
            process = await finish_anyway(starting, undo=_end_child)
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            ours.close()  # the child ends with it
            raise
        return cls(process, reader, writer)

    async def push(self, data: bytes) -> None:
        """Hand audio over. Iteration yields the results."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            log.info("event=stream_decoder_closed pid=%s", self._process.pid)

    def finish(self) -> None:
        """No more audio comes. May be called twice."""
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Raises MediaError for audio that can't be decoded, DecoderDiedError."""
        try:
            header = await self._reader.readexactly(LENGTH.size)
            message = parse_message(await self._reader.readexactly(parse_length(header)))
        except (asyncio.IncompleteReadError, OSError, GarbledError) as error:
            log.warning("event=stream_decoder_died pid=%s", self._process.pid)
            raise DecoderDiedError from error
        if isinstance(message, bytes):
            return message
        if not isinstance(message, Note):
            raise DecoderDiedError
        raise_if_error(message)
        raise StopAsyncIteration

    async def close(self) -> None:
        """End the child in any state."""
        self._writer.close()
        await _end_child(self._process)


def _start_child(theirs: socket.socket, source: StreamSource) -> ForkServerProcess:
    """Closes `theirs`, here: no one else knows when it is handed over."""
    with theirs:
        return start_process(run_stream_child, (theirs, source))


async def _end_child(process: ForkServerProcess) -> None:
    await asyncio.to_thread(end_process, process)
