"""A session's audio, from the socket through the journal to the inference service.

    take() ──► unwritten ──► journal (a file) ──► next_chunk() ──► inference
               `accepted`     `journalled`         `sent`
                              `synced`

All positions are samples from the start of the session. What isn't journalled isn't recognised, so
nothing is ever stored of audio that could get lost with a process; `synced` is what a power cut
leaves, and what the client may discard. The newest audio is held in memory, too; what
is older is read from the journal: so an inference call may begin anywhere again (`rewind`).
"""

import errno
import logging

from transcripts.live.executors import in_files, in_sync
from transcripts.live.journal import Journal, read_samples
from transcripts.live.wav_header import SAMPLE_BYTES

logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024  # 2 s
TAIL_BYTES = 64 * 1024  # 2 s: held for every session, and needed only where it falls behind


class AudioBuffer:
    """Of one event loop; not thread-safe, but for `write`."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.accepted = self.journalled = self.synced = self.sent = journal.samples
        self._odd = b""
        self._unwritten: list[bytes] = []
        self._tail = bytearray()  # ends at `journalled`

    @property
    def is_written(self) -> bool:
        return self.journalled == self.accepted

    def take(self, pcm: bytes, *, limit: int) -> tuple[int, bytes]:
        """Accept audio, up to sample `limit`; half a sample waits for its other half.

        Returns how many samples were accepted, and the bytes that were not.
        """
        data = self._odd + pcm if self._odd else pcm
        whole = len(data) - len(data) % SAMPLE_BYTES
        taken = min(whole, max(0, limit - self.accepted) * SAMPLE_BYTES)
        left = data[taken:]
        self._odd, left = (left, b"") if taken == whole else (b"", left)
        if taken:
            self._unwritten.append(data[:taken])
        self.accepted += taken // SAMPLE_BYTES
        return taken // SAMPLE_BYTES, left

    def take_unwritten(self) -> bytes:
        """Return what is to be written next; `note_written` must follow."""
        data = b"".join(self._unwritten)
        self._unwritten.clear()
        return data

    def note_written(self, data: bytes) -> None:
        self.journalled += len(data) // SAMPLE_BYTES
        self._tail += data
        if len(self._tail) > TAIL_BYTES:
            del self._tail[: len(self._tail) - TAIL_BYTES]

    async def sync(self) -> None:
        """Store the journal's end, where the registry won't any more. Never raises."""
        try:
            self.note_synced(await in_sync(self.journal.sync, is_last=True))
        except OSError as error:
            if error.errno == errno.EBADF:
                return  # `journal.seal` closed it, and could not store it: that was logged
            logger.error("event=live_not_synced folder=%s %s", self.journal.folder.name, error)

    def note_synced(self, samples: int) -> None:
        self.synced = max(self.synced, samples)

    def drop_unwritten(self) -> None:
        """Discard what can't be written, and what came since."""
        self._unwritten.clear()
        self._odd = b""
        self.accepted = self.journalled

    async def next_chunk(self, *, until: int) -> bytes:
        """Return the next audio that is journalled and not sent, up to sample `until` at most;
        empty: none is."""
        end = min(until, self.journalled, self.sent + CHUNK_BYTES // SAMPLE_BYTES)
        tail_start = self.journalled - len(self._tail) // SAMPLE_BYTES
        if self.sent >= tail_start:
            first, last = self.sent - tail_start, end - tail_start
            chunk = bytes(self._tail[first * SAMPLE_BYTES : last * SAMPLE_BYTES])
        else:
            end = min(end, tail_start)
            folder = self.journal.folder
            chunk = await in_files(read_samples, folder, start=self.sent, end=end)
        self.sent += len(chunk) // SAMPLE_BYTES
        return chunk

    def rewind(self, sample: int) -> None:
        """Send again from there."""
        self.sent = min(sample, self.journalled)
