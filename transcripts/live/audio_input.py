"""Audio on its way from the socket to the session: samples converted here, containers decoded.

The decoder is a process of its own (`transcripts.media.stream`), started with the first audio that
needs one. Waiting is passed on: where the session is behind, the decoder stands still, and then
the socket isn't read.
"""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from transcripts.live.audio_format import CONTAINERS, RATE_HZ, AudioFormat
from transcripts.live.events import SessionNotice
from transcripts.live.pcm_converter import PcmConverter
from transcripts.media.stream import StreamDecoder
from transcripts.media.stream_messages import StreamSource

# At once: a few milliseconds of the event loop.
_CONVERTED_BYTES = 64 * 1024
# Of full scale: what is louder isn't silence (-30 dB).
_LOUD_PEAK = 1000
# No one pauses so long between two words, and not every sound is speech.
_SUSPICIOUS_MS = 15_000
NOT_SPEECH = SessionNotice(
    code="no_speech_recognised",
    message=(
        f"{_SUSPICIOUS_MS // 1000} s of sound came in, and no speech was recognised in it. If"
        " someone is speaking: is the audio what the configuration says (by default 16-bit"
        f" little-endian PCM, mono, {RATE_HZ} Hz)? See `encoding` and `sample_rate`."
    ),
)


class AudioInput:
    """One connection's. `push` takes int16 PCM at 16 kHz and waits while the session is behind."""

    def __init__(self, push: Callable[[bytes], Awaitable[None]]) -> None:
        self._push = push
        self._converter: PcmConverter | None = None
        self._decoder: StreamDecoder | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._accepted_ms = 0.0
        self._loud_ms = 0.0
        self._is_uncertain = True  # no speech was recognised yet, and no notice sent

    async def feed(self, data: bytes, audio_format: AudioFormat) -> None:
        """Take audio of one format, always the same. Raises DecoderDiedError where no decoder can
        be started; what is wrong with the audio, `failed` raises."""
        if audio_format.is_native:
            return await self._accept(data)
        if audio_format.encoding not in CONTAINERS:
            return await self._convert(data, audio_format)
        if self._decoder is None:
            source = StreamSource(audio_format.encoding.value)
            self._decoder = await StreamDecoder.start(source)
            self._pumping = asyncio.create_task(self._pump(self._decoder), name="live-decode")
            self._pumping.add_done_callback(self._note_end)
        return await self._decoder.push(data)

    async def finish(self) -> None:
        """Hand over what is still held. Raises MediaError, DecoderDiedError."""
        if self._converter is not None:
            await self._accept(self._converter.finish())
        if self._decoder is not None and self._pumping is not None:
            self._decoder.finish()
            await self._pumping

    async def close(self) -> None:
        """End the decoder. Never raises."""
        self._failure.cancel()
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.gather(self._pumping, return_exceptions=True)
        if self._decoder is not None:
            await self._decoder.close()

    async def failed(self) -> None:
        """Wait until the decoder has failed. Raises its MediaError or DecoderDiedError."""
        await self._failure

    def note_speech(self) -> None:
        """Words were recognised: the audio has the declared format."""
        self._is_uncertain = False

    def check_speech(self, *, recognised_ms: int) -> SessionNotice | None:
        """Return a notice, once, where much sound was recognised and no word in it.

        recognised_ms: how much of the session's audio the recogniser has processed.
        """
        if not self._is_uncertain or self._loud_ms < _SUSPICIOUS_MS:
            return None
        if recognised_ms + _SUSPICIOUS_MS / 2 < self._accepted_ms:
            return None
        self._is_uncertain = False
        return NOT_SPEECH

    def _note_end(self, pumping: asyncio.Task[None]) -> None:
        error = None if pumping.cancelled() else pumping.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)

    async def _convert(self, data: bytes, source: AudioFormat) -> None:
        if self._converter is None:
            self._converter = PcmConverter(source)
        for start in range(0, len(data), _CONVERTED_BYTES):
            await self._accept(self._converter.convert(data[start : start + _CONVERTED_BYTES]))

    async def _pump(self, decoder: StreamDecoder) -> None:
        async for pcm in decoder:
            await self._accept(pcm)

    async def _accept(self, pcm: bytes) -> None:
        self._accepted_ms += len(pcm) * 500 / RATE_HZ
        if self._is_uncertain and _peak(pcm) > _LOUD_PEAK:
            self._loud_ms += len(pcm) * 500 / RATE_HZ
        await self._push(pcm)


def _peak(pcm: bytes) -> int:
    samples = np.frombuffer(pcm, "<i2", count=len(pcm) // 2)
    return max(int(samples.max(initial=0)), -int(samples.min(initial=0)))
