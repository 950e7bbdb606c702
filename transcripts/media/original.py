"""A recording as it is: every channel at its own rate, as floats. Runs in the child.

A track whose shape changes keeps that of its first frame. Rates that no speech needs are bounded.
"""

from collections.abc import Iterator
from typing import Final

from av.audio.frame import AudioFrame

from transcripts.media.errors import MediaError
from transcripts.media.limits import longest_s
from transcripts.media.messages import MAX_PCM_BYTES, Pick, note_message, pcm_message
from transcripts.media.recording import RecordingFile, too_long
from transcripts.media.report import Report
from transcripts.media.whole_frames import FrameShape, read_whole_frames

MAX_CHANNELS: Final = 16
_LOWEST_HZ, _HIGHEST_HZ = 4_000, 192_000
_SAMPLE_BYTES: Final = 4


def original_out(file: RecordingFile, *, pick: Pick) -> Iterator[bytes]:
    """Yield a note with the shape, then chunks of interleaved floats, and a note at the end.

    Flat memory for any length. Raises as `pcm.read_pcm`.
    """
    limit_s = longest_s(file.size_bytes)
    is_begun = False
    samples = rate_hz = 0
    report = Report()
    for frame, shape in read_whole_frames(file, _shape_of, pick=pick, report=report):
        if not is_begun:
            is_begun, rate_hz = True, shape.rate_hz
            yield note_message(
                "shape", rate_hz=shape.rate_hz, channels=shape.channels, layout=shape.layout
            )
        samples += frame.samples
        if samples > limit_s * shape.rate_hz:
            raise too_long()
        content = memoryview(frame.planes[0])
        yield pcm_message(content[: frame.samples * shape.channels * _SAMPLE_BYTES])
    if not samples:
        raise MediaError("corrupt_media", "No audio could be decoded from this file.")
    yield note_message("end", **report.as_fields(decoded_ms=1000 * samples // rate_hz))


def _shape_of(frame: AudioFrame) -> FrameShape:
    channels = frame.layout.nb_channels
    if channels > MAX_CHANNELS:
        raise MediaError(
            "unsupported_format",
            f"This recording has {channels} channels; at most {MAX_CHANNELS} can be enhanced.",
        )
    rate_hz = min(max(frame.sample_rate, _LOWEST_HZ), _HIGHEST_HZ)
    return FrameShape(
        sample_format="flt",
        rate_hz=rate_hz,
        layout=frame.layout.name,
        channels=channels,
        chunk_samples=min(rate_hz, MAX_PCM_BYTES // (_SAMPLE_BYTES * channels)),
    )
