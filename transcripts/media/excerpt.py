"""A few seconds out of a recording, without decoding what lies before. Runs in the child.

Times in the transcript count samples, so a seek by time stamps could land elsewhere. Instead the
packets before are read and their lengths added up, undecoded: what a packet holds is known from
the packets at the beginning, which are decoded, and from its declared length. Where neither is
exact, it is decoded like the rest. What the decoder holds back (priming, delay) is the same
before and after the gap, so it cancels out. Damage before the place isn't noticed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from transcripts.media.pcm import RATE_HZ, Converter, Damage, check_frame, delay_s, demux
from transcripts.media.recording import Recording

_SAMPLE_BYTES: Final = 2
# Decoders need some packets before they are in step again (mp3's reservoir, overlapping blocks).
_PREROLL_S: Final = 1.0
# Resampling begins a little before the place: a filter has no past at its first samples.
_LEAD_S: Final = 0.1
_FIRST_PACKETS: Final = 40


@dataclass
class _Pace:
    """How much audio a packet holds, as learned from the first ones."""

    packets: int = 0
    _rate_hz: int = 0
    _sizes: list[int] = field(default_factory=list)
    _usual_s: float = 0.0  # 0: they differ

    def learn(self, frames: list[AudioFrame]) -> None:
        self.packets += 1
        if self.packets > _FIRST_PACKETS or not frames:
            return
        self._rate_hz = frames[-1].sample_rate
        self._sizes.append(sum(frame.samples for frame in frames))
        ((usual, count),) = Counter(self._sizes).most_common(1)
        is_steady = count >= len(self._sizes) - 2  # the first ones may be cut
        self._usual_s = usual / self._rate_hz if is_steady else 0.0

    def length_s(self, packet: "Packet[AudioStream]") -> float:
        """Return what the packet adds to the recording; 0 where that isn't known exactly."""
        if self.packets < _FIRST_PACKETS or not packet.duration or not packet.time_base:
            return 0.0
        tick_s = float(packet.time_base)
        declared_s = packet.duration * tick_s
        if self._usual_s and abs(declared_s - self._usual_s) <= tick_s:
            return self._usual_s
        return declared_s if tick_s * self._rate_hz <= 1 else 0.0


def read_excerpt(recording: Recording, *, start_ms: int, length_ms: int) -> Iterator[memoryview]:
    """PCM int16 LE, mono, 16 kHz, in pieces of up to 2 s. Raises as `pcm.read_pcm`."""
    first = start_ms * RATE_HZ // 1000
    behind = first + length_ms * RATE_HZ // 1000
    for position, piece in _convert(recording, start_s=start_ms / 1000):
        cut = max(0, first - position)
        kept = piece[_SAMPLE_BYTES * cut : _SAMPLE_BYTES * max(0, behind - position)]
        if kept:
            yield kept
        if position + len(piece) // _SAMPLE_BYTES >= behind:
            return


def _convert(recording: Recording, *, start_s: float) -> Iterator[tuple[int, memoryview]]:
    """Pieces from shortly before `start_s` on, each with the place of its first sample."""
    converter: Converter | None = None
    position = 0
    for time_s, frame in _frames_from(recording, start_s=start_s - _LEAD_S):
        pieces: list[memoryview] = []
        if converter is None:
            position = round(time_s * RATE_HZ)
        if converter is None or not converter.fits(frame):
            pieces += converter.flush() if converter is not None else ()
            converter = Converter(frame)
        pieces += converter.convert(frame)
        for piece in pieces:
            yield position, piece
            position += len(piece) // _SAMPLE_BYTES
    if converter is not None:
        for piece in converter.flush():
            yield position, piece
            position += len(piece) // _SAMPLE_BYTES


def _frames_from(recording: Recording, *, start_s: float) -> Iterator[tuple[float, AudioFrame]]:
    """The frames that end behind `start_s`, each with its time."""
    pace = _Pace()
    time_s: float | None = None
    for packet in demux(recording, damage=Damage()):
        length_s = pace.length_s(packet)
        if time_s is not None and length_s and time_s + length_s < start_s - _PREROLL_S:
            time_s += length_s
            continue
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            # Out of step, right behind the gap: what it holds counts all the same.
            time_s = None if time_s is None else time_s + length_s
            continue
        pace.learn(frames)
        for frame in frames:
            check_frame(frame)
            if time_s is None:
                time_s = delay_s(recording, frame)
            ends_s = time_s + frame.samples / frame.sample_rate
            if ends_s > start_s:
                yield time_s, frame
            time_s = ends_s
