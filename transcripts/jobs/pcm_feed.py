"""The audio on its way from the decoder to the inference service, and who pays for it.

gRPC pulls from a thread of its own, only as fast as the service takes it: nothing piles up. What
goes wrong there is stored for the thread that runs the job.
"""

import threading
from collections.abc import Iterator
from typing import Protocol

from django.db import connection, transaction

from billing.ledger import HoldNotFoundError, extend_hold, minutes_for
from transcripts.jobs.lease import Lease, LeaseLostError, held_rows
from transcripts.jobs.models import TranscriptionJob
from transcripts.media.decoder import Decoder
from transcripts.media.errors import MediaError

MINUTE_MS = 60_000
BYTES_A_MS = 32  # int16, mono, 16 kHz
CLOSE_TIMEOUT_S = 10.0


class HoldExtender:
    """How much of the recording the hold covers, extended minute by minute where it runs longer.

    `held_for_ms` of audio it was placed for. Nothing held (an anonymous recording): everything is
    covered. The connection is closed after each extension unless `reuses_connection`: a thread of
    gRPC is one that no one else cleans up.
    """

    def __init__(
        self,
        lease: Lease,
        row: TranscriptionJob,
        *,
        held_for_ms: int,
        reuses_connection: bool = False,
    ) -> None:
        self._reuses_connection = reuses_connection
        self._lease = lease
        self._reference = row.hold_reference
        self._covered_ms = minutes_for(held_for_ms) * MINUTE_MS
        self._is_free = False

    def cover(self, until_ms: int) -> int:
        """Return up to where (at most `until_ms`) the audio is covered.

        Raises `LeaseLostError`. One short transaction a minute of audio beyond what was held for.
        """
        while not self._is_free and self._covered_ms < until_ms:
            if not self._extend(self._covered_ms // MINUTE_MS + 1):
                return self._covered_ms
            self._covered_ms += MINUTE_MS
        return until_ms

    def _extend(self, total_minutes: int) -> bool:
        try:
            with transaction.atomic():
                if not held_rows(self._lease).update(lease_expires_at=self._lease.next_expiry()):
                    raise LeaseLostError
                return extend_hold(self._reference, total_minutes=total_minutes)
        except HoldNotFoundError:
            self._is_free = True
            return True
        finally:
            if not self._reuses_connection:
                connection.close()


class Meter(Protocol):
    """Up to where the audio may be fed."""

    def cover(self, until_ms: int) -> int: ...


class FreeMeter:
    """Of audio that was paid for before: it covers everything."""

    def cover(self, until_ms: int) -> int:
        return until_ms


class PcmFeed:
    """An iterator over a decoder's chunks that survives being dropped half-way.

    `error`: what ended it early, or None. A recording that breaks off ends the feed like
    its true end (the text so far is worth storing); any other error is raised too, which makes gRPC
    cancel the call.
    """

    def __init__(self, decoder: Decoder, meter: Meter) -> None:
        self._decoder = decoder
        self._meter = meter
        self._lock = threading.Lock()
        self._is_closed = False
        self.error: Exception | None = None
        self.ran_out_of_credits = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            if self._is_closed:
                raise StopIteration
            try:
                return self._next_chunk()
            except StopIteration:
                self._is_closed = True
                raise
            except MediaError as error:
                self._is_closed, self.error = True, error
                raise StopIteration from error
            except Exception as error:
                self._is_closed, self.error = True, error
                raise

    def close(self) -> None:
        """Stop feeding; returns once no chunk is being decoded, so that the decoder may go.

        gRPC drops an iterator without a word when its call ends, perhaps within `__next__`.
        """
        acquired = self._lock.acquire(timeout=CLOSE_TIMEOUT_S)
        self._is_closed = True
        if acquired:
            self._lock.release()

    def _next_chunk(self) -> bytes:
        if self.ran_out_of_credits:
            raise StopIteration
        chunk = next(self._decoder)
        end_ms = self._decoder.decoded_ms
        covered_ms = self._meter.cover(end_ms)
        if covered_ms >= end_ms:
            return chunk
        self.ran_out_of_credits = True
        retained = chunk[: max(0, len(chunk) - (end_ms - covered_ms) * BYTES_A_MS)]
        if not retained:
            raise StopIteration
        return retained
