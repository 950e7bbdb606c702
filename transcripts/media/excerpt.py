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

from transcripts.media.messages import Pick
from transcripts.media.packets import read_packets
from transcripts.media.pcm import RATE_HZ, Converter, Loss, check_frame, silence
from transcripts.media.recording import OpenedMedia, RecordingFile
from transcripts.media.report import Report
from transcripts.media.timeline import Timeline

_SAMPLE_BYTES: Final = 2
# Decoders need some packets before they are in step again (mp3's reservoir, overlapping blocks).
_PREROLL_S: Final = 1.0
# Resampling begins a little before the place: a filter has no past at its first samples.
_LEAD_S: Final = 0.1
_FIRST_PACKETS: Final = 40
# Frames that lie further apart have silence between them.
_TICK_S: Final = 0.05


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


def read_excerpt(
    file: RecordingFile, *, pick: Pick, start_ms: int, length_ms: int
) -> Iterator[memoryview]:
    """PCM int16 LE, mono, 16 kHz, in pieces of up to 2 s. Raises as `pcm.read_pcm`."""
    first = start_ms * RATE_HZ // 1000
    behind = first + length_ms * RATE_HZ // 1000
    at = first
    for position, chunk in _convert(file, pick=pick, start_s=start_ms / 1000):
        end = position + len(chunk) // _SAMPLE_BYTES
        if position > at:  # nothing was sounding
            yield from silence(min(position, behind) - at)
            at = min(position, behind)
        wanted = chunk[_SAMPLE_BYTES * max(0, at - position) : _SAMPLE_BYTES * (behind - position)]
        if wanted and position < behind:
            yield wanted
            at = min(end, behind)
        if end >= behind:
            return


def _convert(
    file: RecordingFile, *, pick: Pick, start_s: float
) -> Iterator[tuple[int, memoryview]]:
    """Pieces from shortly before `start_s` on, each with the place of its first sample."""
    converter: Converter | None = None
    position, end_s = 0, 0.0
    for time_s, frame in _frames_from(file, start_s=start_s - _LEAD_S):
        if converter is None or time_s > end_s + _TICK_S or not converter.fits(frame):
            for chunk in converter.flush() if converter is not None else ():
                yield position, chunk
                position += len(chunk) // _SAMPLE_BYTES
            position = round(time_s * RATE_HZ)
            converter = Converter(frame, pick=pick)
        end_s = time_s + frame.samples / frame.sample_rate
        for chunk in converter.convert(frame):
            yield position, chunk
            position += len(chunk) // _SAMPLE_BYTES
    if converter is not None:
        for chunk in converter.flush():
            yield position, chunk
            position += len(chunk) // _SAMPLE_BYTES


def _frames_from(file: RecordingFile, *, start_s: float) -> Iterator[tuple[float, AudioFrame]]:
    """The frames that end behind `start_s`, each with its time."""
    end_s = 0.0
    for recording in file.parts():
        timeline = Timeline(recording, origin_s=end_s, report=Report())
        yield from _frames_of(recording, timeline, start_s=start_s)
        end_s = timeline.end_s


def _frames_of(
    recording: OpenedMedia, timeline: Timeline, *, start_s: float
) -> Iterator[tuple[float, AudioFrame]]:
    pace, loss = _Pace(), Loss()
    loss.take()
    has_begun = False
    for packet in read_packets(recording, report=Report()):
        length_s = pace.length_s(packet)
        if has_begun and length_s and timeline.end_s + length_s < start_s - _PREROLL_S:
            timeline.place(_time_of(packet), length_s)
            continue
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            # Damaged, or out of step, right behind the gap: what it holds counts all the same.
            loss.add(packet)
            continue
        pace.learn(frames)
        if frames:
            loss.learn(packet)
        for frame in frames:
            check_frame(frame)
            frame_s = frame.samples / frame.sample_rate
            timeline.place(frame.time, frame_s, lost_s=loss.take())
            has_begun = True
            if timeline.end_s > start_s:
                yield timeline.end_s - frame_s, frame


def _time_of(packet: "Packet[AudioStream]") -> float | None:
    if packet.pts is None or packet.time_base is None:
        return None
    return float(packet.pts * packet.time_base)
