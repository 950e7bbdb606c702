"""A recording's frames on its timeline, all of one shape and without holes. Runs in the child.

What has no sound there, or none that can be read, is silence; so a place in the samples is a place
in the transcript's times (`timeline`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from av.audio.frame import AudioFrame

from transcripts.media.messages import Pick
from transcripts.media.pcm import Converter, decode_frames
from transcripts.media.recording import RecordingFile
from transcripts.media.report import Report
from transcripts.media.timeline import Timeline


@dataclass(frozen=True)
class FrameShape:
    """What all frames have in common. `sample_format`, `layout`: FFmpeg's names."""

    sample_format: str
    rate_hz: int
    layout: str
    channels: int
    chunk_samples: int


def read_whole_frames(
    file: RecordingFile,
    choose_shape: Callable[[AudioFrame], FrameShape],
    *,
    pick: Pick,
    report: Report,
) -> Iterator[tuple[AudioFrame, FrameShape]]:
    """Yield frames of the shape that the first one chooses. Raises, reports as `pcm.read_pcm`."""
    shape: FrameShape | None = None
    position = 0  # in samples of the output
    for recording in file.parts(report):
        origin_s = position / shape.rate_hz if shape else 0.0
        promise_ms = recording.promised_ms
        report.promised_ms = round(1000 * origin_s) + promise_ms if promise_ms else 0
        timeline = Timeline(recording, origin_s=origin_s, report=report)
        converter: Converter | None = None
        for frame, lost_s in decode_frames(recording, report=report):
            shape = shape or choose_shape(frame)
            length_s = frame.samples / frame.sample_rate
            silence_s = timeline.place(frame.time, length_s, lost_s=lost_s)
            if converter is not None and (silence_s or not converter.fits(frame)):
                for made in converter.flush_frames():
                    position += made.samples
                    yield made, shape
                converter = None
            if silence_s:
                begins = round((timeline.end_s - length_s) * shape.rate_hz)
                for made in _silent_frames(shape, max(0, begins - position)):
                    position += made.samples
                    yield made, shape
            converter = converter or _make_converter(frame, shape, pick)
            for made in converter.convert_frames(frame):
                position += made.samples
                yield made, shape
        if converter is not None and shape is not None:
            for made in converter.flush_frames():
                position += made.samples
                yield made, shape


def _make_converter(frame: AudioFrame, shape: FrameShape, pick: Pick) -> Converter:
    return Converter(
        frame,
        pick=Pick(channel=pick.channel),
        rate_hz=shape.rate_hz,
        sample_format=shape.sample_format,
        mixed_to=shape.layout,
        chunk_samples=shape.chunk_samples,
    )


def _silent_frames(shape: FrameShape, samples: int) -> Iterator[AudioFrame]:
    for start in range(0, samples, shape.chunk_samples):
        frame = AudioFrame(
            shape.sample_format, shape.layout, min(shape.chunk_samples, samples - start)
        )
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        yield frame
