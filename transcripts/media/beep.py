"""A recording, encoded again with a tone in the place of some intervals. Runs in the child.

The copy lies on the timeline that the transcript's times count (`timeline`), so an interval is
where its words are. There every channel has the tone alone: samples are replaced, not mixed.
What is written goes to the parent in chunks with their places in the file, for this process can't
write files.
"""

import array
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import av
import av.audio.resampler
import av.container.output
from av.audio.frame import AudioFrame

from transcripts.media.limits import longest_s
from transcripts.media.messages import (
    MAX_PCM_BYTES,
    BeepTask,
    Pick,
    file_message,
    note_message,
)
from transcripts.media.recording import RecordingFile, too_long
from transcripts.media.report import Report
from transcripts.media.whole_frames import FrameShape, read_whole_frames

BEEP_HZ: Final = 1000
# RMS of -23 dBFS: as loud as speech is, by EBU R 128.
BEEP_AMPLITUDE: Final = 0.1
_RATES_HZ: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # MP3's
_TICK_S: Final = 30
_SAMPLE_BYTES: Final = 2


@dataclass(frozen=True)
class _Codec:
    muxer: str
    name: str
    sample_format: str
    muxer_options: dict[str, str] = field(default_factory=dict)

    @property
    def is_planar(self) -> bool:
        return self.sample_format.endswith("p")


_CODECS: Final = {
    "mp3": _Codec("mp3", "libmp3lame", "s16p"),
    "flac": _Codec("flac", "flac", "s16"),
    "wav": _Codec("wav", "pcm_s16le", "s16", muxer_options={"rf64": "auto"}),
}


def beep_out(file: RecordingFile, task: BeepTask, *, pick: Pick) -> Iterator[bytes]:
    """Yield the copy's chunks, ticks, and at the end a note with its length. Raises as `read_pcm`.

    Flat memory for any length.
    """
    sink = _Sink()
    writer: _Writer | None = None
    limit_s = longest_s(file.size_bytes)
    ticked_s = 0.0
    codec = _CODECS[task.format]
    frames = read_whole_frames(
        file, lambda first: _shape_of(first, codec, pick), pick=pick, report=Report()
    )
    for frame, shape in frames:
        writer = writer or _Writer(sink, codec, shape, task.intervals_ms)
        writer.write(frame)
        yield from sink.take()
        if writer.end_s > limit_s:
            raise too_long()
        if writer.end_s - ticked_s >= _TICK_S:
            ticked_s = writer.end_s
            yield note_message("tick", done_ms=round(1000 * ticked_s))
    if writer is not None:
        writer.close()
        yield from sink.take()
    yield note_message("end", decoded_ms=round(1000 * writer.end_s) if writer else 0)


def _shape_of(frame: AudioFrame, codec: _Codec, pick: Pick) -> FrameShape:
    rate_hz = min(
        _RATES_HZ, key=lambda each: (each < frame.sample_rate, abs(each - frame.sample_rate))
    )
    if frame.sample_rate > _RATES_HZ[-1]:
        rate_hz = _RATES_HZ[-1]
    is_mono = bool(pick.channel) or frame.layout.nb_channels == 1
    return FrameShape(
        sample_format=codec.sample_format,
        rate_hz=rate_hz,
        layout="mono" if is_mono else "stereo",
        channels=1 if is_mono else 2,
        chunk_samples=rate_hz,
    )


def _bit_rate(shape: FrameShape) -> int:
    """For MP3: speech without audible loss; MPEG-2's rates end at 160 kbit/s."""
    return (64_000 if shape.rate_hz < 32_000 else 96_000) * shape.channels


class _Sink(io.RawIOBase):
    """The file as the muxer sees it: what is written is taken away, with its place."""

    def __init__(self) -> None:
        super().__init__()
        self._position = self._end = 0
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), MAX_PCM_BYTES // 2):
            chunk = view[start : start + MAX_PCM_BYTES // 2]
            self._chunks.append(file_message(self._position + start, chunk))
        self._position += len(view)
        self._end = max(self._end, self._position)
        return len(view)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._end}[whence]
        self._position = base + offset
        return self._position

    def take(self) -> list[bytes]:
        taken, self._chunks = self._chunks, []
        return taken


class _Writer:
    """The encoder and the muxer, and how far they came."""

    def __init__(
        self,
        sink: _Sink,
        codec: _Codec,
        shape: FrameShape,
        intervals_ms: Sequence[tuple[int, int]],
    ) -> None:
        self._codec = codec
        self._shape = shape
        self._container = av.open(
            sink, "w", format=codec.muxer, container_options=dict(codec.muxer_options)
        )
        stream: Any = self._container.add_stream(codec.name, rate=shape.rate_hz)
        stream.codec_context.layout = shape.layout
        stream.codec_context.format = codec.sample_format
        stream.codec_context.thread_count = 1
        if codec.muxer == "mp3":
            stream.codec_context.bit_rate = _bit_rate(shape)
        self._stream = stream
        self._intervals = [
            (ms_start * shape.rate_hz // 1000, -(-ms_end * shape.rate_hz // 1000))
            for ms_start, ms_end in intervals_ms
        ]
        self._next = 0  # the first interval that isn't over
        self._position = 0
        self._tone = _make_tone(codec, shape)

    @property
    def end_s(self) -> float:
        return self._position / self._shape.rate_hz

    def write(self, frame: AudioFrame) -> None:
        self._beep(frame)
        frame.sample_rate = self._shape.rate_hz
        frame.pts = self._position
        frame.time_base = Fraction(1, self._shape.rate_hz)
        self._position += frame.samples
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _beep(self, frame: AudioFrame) -> None:
        """Put the tone in the frame's place where it lies in an interval."""
        end = self._position + frame.samples
        while (
            self._next < len(self._intervals) and self._intervals[self._next][1] <= self._position
        ):
            self._next += 1
        for first, behind in self._intervals[self._next :]:
            if first >= end:
                return
            start = max(first, self._position)
            self._fill(frame, start - self._position, min(behind, end) - start, start)

    def _fill(self, frame: AudioFrame, at: int, samples: int, position: int) -> None:
        wide = _SAMPLE_BYTES * (1 if self._codec.is_planar else self._shape.channels)
        rate_hz = self._shape.rate_hz
        for plane in frame.planes:
            view = memoryview(plane).cast("B")
            done = 0
            while done < samples:
                phase = (position + done) % rate_hz
                count = min(samples - done, rate_hz - phase)
                start = (at + done) * wide
                tone = self._tone[phase * wide : (phase + count) * wide]
                view[start : start + count * wide] = tone
                done += count


def _make_tone(codec: _Codec, shape: FrameShape) -> bytes:
    """Return one second, which ends where it begins: int16, as the codec's planes hold it."""
    repeats = 1 if codec.is_planar else shape.channels
    step = 2 * math.pi * BEEP_HZ / shape.rate_hz
    samples = array.array("h")
    for number in range(shape.rate_hz):
        value = round(32767 * BEEP_AMPLITUDE * math.sin(step * number))
        samples.extend([value] * repeats)
    return samples.tobytes()
