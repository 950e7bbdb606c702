"""The work itself: decoded, sent to an engine, made as loud as it should be, stored.

    OriginalDecoder → Audio.Enhance → enhanced.raw (floats, measured)
    enhanced.raw → gain, limiter → enhanced.wav (16 bit, measured), again where it missed the target

Memory is flat for any length; on the disk the floats take twice what the result does, for a while.
"""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from transcripts.enhancement.limiter import Limiter
from transcripts.enhancement.loudness import LoudnessMeter, PeakMeter, Samples, weights_of
from transcripts.enhancement.wav import GrowingWav
from transcripts.inference.enhance import EnhanceCall, EnhanceOptions, start_enhance
from transcripts.inference.errors import InferenceError
from transcripts.inference.freeze_detection import cancel_when_frozen
from transcripts.inference.servers import Server
from transcripts.jobs.lease import Lease
from transcripts.media import MediaWarning, OriginalDecoder, SoundShape

# Between the samples a peak of four times the rate may still be 0.5 dB lower than the true one
# (measured on noise); the promise is -1 dBTP.
_CEILING = 10 ** (-1.6 / 20)
_NEAR_ENOUGH_LU = 0.2
_PASSES = 4  # each corrects what the limiter took away from the one before
_LARGEST_GAIN_DB = 40.0  # beyond, a recording is silence with a little noise
_CLOSE_TIMEOUT_S = 10.0
_READ_FRAMES = 1 << 16
_FLOAT_BYTES = 4

Note = Callable[[int], None]  # called with the ms of the recording that are done


@dataclass(frozen=True)
class Enhanced:
    """What was made. Loudness None: silence."""

    model: str
    install_hint: str  # empty where a model ran
    duration_ms: int
    shape: SoundShape
    lufs_before: float | None
    lufs: float | None
    true_peak_db: float | None
    warnings: list[MediaWarning]  # what of the recording could not be read


@dataclass(frozen=True)
class Work:
    source: Path
    scratch: Path
    target: Path
    strength: str
    target_lufs: float
    is_short: bool
    server: Server


def make_enhanced(work: Work, *, lease: Lease, note_progress: Note) -> Enhanced:
    """Write `work.target`, synced. Interrupted by the end of the lease.

    Raises InferenceError, MediaError, DecoderDiedError, OSError, and what the lease and
    `note_progress` raise.
    """
    decoder = OriginalDecoder(work.source)
    feed = _Feed(decoder)
    try:
        options = EnhanceOptions(
            rate_hz=decoder.shape.rate_hz,
            channels=decoder.shape.channels,
            strength=work.strength,
            is_short=work.is_short,
        )
        call = start_enhance(options, feed, server=work.server)
        with work.scratch.open("w+b") as raw:
            try:
                with lease.guard(call.cancel), cancel_when_frozen(call, work.server):
                    frames, received = _receive(call, raw, decoder.shape, note_progress)
            except InferenceError as error:
                lease.check()  # that is what ended the call
                # What broke on our side of the call is the cause, not what gRPC made of it.
                raise feed.error or error from error
            finally:
                call.cancel()
            before = feed.meter.read_lufs()
            mastered = _master(raw, work, decoder.shape, lufs=received, lease=lease)
    finally:
        feed.close()
        work.scratch.unlink(missing_ok=True)
    return Enhanced(
        model=call.model,
        install_hint=call.install_hint,
        duration_ms=-(-frames * 1000 // decoder.shape.rate_hz),
        shape=decoder.shape,
        lufs_before=_finite(before),
        lufs=_finite(mastered.lufs),
        true_peak_db=_finite(mastered.peak_db),
        warnings=decoder.warnings,
    )


class _Feed:
    """The recording on its way to the engine, in a thread of gRPC; `error`: what ended it early."""

    def __init__(self, decoder: OriginalDecoder) -> None:
        self._decoder = decoder
        self._lock = threading.Lock()
        self._is_closed = False
        self.error: Exception | None = None
        shape = decoder.shape
        self.meter = LoudnessMeter(
            rate_hz=shape.rate_hz, weights=weights_of(shape.layout, shape.channels)
        )

    def __iter__(self) -> Iterator[Samples]:
        return self

    def __next__(self) -> Samples:
        with self._lock:
            if self._is_closed:
                raise StopIteration
            try:
                samples = np.nan_to_num(next(self._decoder))
                self.meter.push(samples)
            except StopIteration:
                raise
            except Exception as error:
                self._is_closed, self.error = True, error
                raise
            return samples

    def close(self) -> None:
        """Stop it, and the decoder once no chunk is being decoded: gRPC drops an iterator without a
        word when its call ends, perhaps within `__next__`.
        """
        acquired = self._lock.acquire(timeout=_CLOSE_TIMEOUT_S)
        self._is_closed = True
        self._decoder.close()
        if acquired:
            self._lock.release()


def _receive(
    call: EnhanceCall, raw: BinaryIO, shape: SoundShape, note_progress: Note
) -> tuple[int, float]:
    """Store what comes back; returns the number of frames, and how loud they are."""
    meter = LoudnessMeter(rate_hz=shape.rate_hz, weights=weights_of(shape.layout, shape.channels))
    frames = 0
    for samples in call:
        raw.write(samples.astype("<f4").tobytes())
        meter.push(samples)
        frames += len(samples)
        note_progress(frames * 1000 // shape.rate_hz)
    return frames, meter.read_lufs()


@dataclass(frozen=True)
class _Mastered:
    """A result as it was written. lufs -inf: silence."""

    gain_db: float
    lufs: float
    peak_db: float

    def missing_lu(self, work: Work) -> float:
        return work.target_lufs - self.lufs


def _master(
    raw: BinaryIO, work: Work, shape: SoundShape, *, lufs: float, lease: Lease
) -> _Mastered:
    """Write the result at its loudness, or as near to it as its limits allow.

    lufs: of `raw`. More gain may make less loudness: where the loud parts are at the limit, the
    quiet ones begin to count (the gate of BS.1770), so the nearest result stands.
    """
    gain_db = min(work.target_lufs - lufs, _LARGEST_GAIN_DB) if np.isfinite(lufs) else 0.0
    nearest = made = _write(raw, work, shape, gain_db=gain_db, lease=lease)
    for _ in range(_PASSES - 1):
        missing_lu = made.missing_lu(work)
        is_near = not np.isfinite(missing_lu) or abs(missing_lu) <= _NEAR_ENOUGH_LU
        if is_near or made.gain_db >= _LARGEST_GAIN_DB:
            return made
        gain_db = min(made.gain_db + missing_lu, _LARGEST_GAIN_DB)
        made = _write(raw, work, shape, gain_db=gain_db, lease=lease)
        if abs(made.missing_lu(work)) >= abs(nearest.missing_lu(work)):
            return _write(raw, work, shape, gain_db=nearest.gain_db, lease=lease)
        nearest = made
    return nearest


def _write(
    raw: BinaryIO, work: Work, shape: SoundShape, *, gain_db: float, lease: Lease
) -> _Mastered:
    meter = LoudnessMeter(rate_hz=shape.rate_hz, weights=weights_of(shape.layout, shape.channels))
    peaks = PeakMeter(channels=shape.channels)
    limiter = Limiter(
        rate_hz=shape.rate_hz,
        channels=shape.channels,
        gain=10 ** (gain_db / 20),
        ceiling=_CEILING,
    )
    with work.target.open("wb") as file:
        writer = GrowingWav(
            file, rate_hz=shape.rate_hz, channels=shape.channels, layout=shape.layout
        )
        for samples in _limited(_read(raw, shape, lease=lease), limiter):
            meter.push(samples)
            peaks.push(samples)
            writer.write(samples)
        writer.close()
        os.fsync(file.fileno())
    return _Mastered(gain_db, meter.read_lufs(), peaks.read_dbtp())


def _limited(portions: Iterator[Samples], limiter: Limiter) -> Iterator[Samples]:
    for samples in portions:
        yield limiter.push(samples)
    yield limiter.finish()


def _read(raw: BinaryIO, shape: SoundShape, *, lease: Lease) -> Iterator[Samples]:
    raw.seek(0)
    while content := raw.read(_READ_FRAMES * _FLOAT_BYTES * shape.channels):
        lease.note_progress()
        lease.check()
        yield np.frombuffer(content, "<f4").reshape(-1, shape.channels)


def _finite(level: float) -> float | None:
    return round(level, 2) if np.isfinite(level) else None
