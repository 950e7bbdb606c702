"""Audio of a live session that may have to be sent again: held until the server has stored it."""

from __future__ import annotations

_BYTES_PER_SAMPLE = {"pcm_s16le": 2, "pcm_f32le": 4, "mulaw": 1, "alaw": 1}
# More than this is not stored yet: who sends waits.
MOST_HELD_S = 300


class UnsentAudio:
    """`held` is the audio from `start_bytes` on; `sent_bytes` of all went out on this connection.

    Only of PCM a place can be computed: a container's stream can't go on elsewhere.
    """

    def __init__(self, encoding: str, rate_hz: int) -> None:
        width = _BYTES_PER_SAMPLE.get(encoding)
        self._bytes_a_second = None if width is None else width * rate_hz
        self._width = width or 1
        self.held = bytearray()
        self.start_bytes = 0
        self.sent_bytes = 0

    @property
    def can_resume(self) -> bool:
        return self._bytes_a_second is not None

    @property
    def is_full(self) -> bool:
        return bool(self._bytes_a_second) and (
            len(self.held) > MOST_HELD_S * (self._bytes_a_second or 0)
        )

    def append(self, chunk: bytes) -> None:
        self.held += chunk

    def next_chunk(self, size: int) -> bytes:
        """Return what is sent next; empty where all is."""
        begin = self.sent_bytes - self.start_bytes
        chunk = bytes(self.held[begin : begin + size])
        self.sent_bytes += len(chunk)
        if not self.can_resume:
            self._release(self.sent_bytes)
        return chunk

    def store(self, audio_ms: int) -> None:
        """Drop what the server has stored."""
        if self._bytes_a_second is not None:
            self._release(min(self._place_of(audio_ms), self.sent_bytes))

    def go_on_from(self, audio_ms: int) -> None:
        """Send from there again, as a resumed session begins."""
        self.store(audio_ms)
        self.sent_bytes = max(self.start_bytes, min(self._place_of(audio_ms), self.sent_bytes))

    def begin_again(self) -> None:
        """Send all that is held again."""
        self.sent_bytes = self.start_bytes

    def _place_of(self, audio_ms: int) -> int:
        samples = audio_ms * (self._bytes_a_second or 0) // 1000 // self._width
        return samples * self._width

    def _release(self, until_bytes: int) -> None:
        released = until_bytes - self.start_bytes
        if released > 0:
            del self.held[:released]
            self.start_bytes = until_bytes
