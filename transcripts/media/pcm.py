"""Packets in, 16 kHz mono int16 out: skips what is corrupt, follows changes of format.

Times in the transcript count these samples. They are contiguous (gaps between time stamps are
closed: broken stamps are more frequent than real gaps), but audio that starts later than the
pictures is preceded by silence, so that subtitles fit. Runs in the child.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.filter import Graph
from av.packet import Packet

from transcripts.media.errors import MediaError
from transcripts.media.limits import MAX_FRAME_SAMPLES
from transcripts.media.recording import Recording, check_shape

RATE_HZ: Final = 16_000
_CHUNK_SAMPLES: Final = 2 * RATE_HZ
_AUDIBLE_DELAY_S: Final = 0.1
_LONGEST_DELAY_S: Final = 600.0
# A damaged index makes every read fail: so many in a row are the end of the recording.
_MAX_FAILURES: Final = 500


@dataclass
class Damage:
    """What couldn't be decoded so far."""

    packets: int = 0
    seconds: float = 0.0

    def add(self, packet: "Packet[AudioStream] | None") -> None:
        self.packets += 1
        if packet is not None and packet.duration and packet.time_base:
            self.seconds += max(0.0, float(packet.duration * packet.time_base))


def decode_frames(recording: Recording, *, damage: Damage) -> Iterator[AudioFrame]:
    """The frames of the recording in order, each of a bounded shape.

    Raises MediaError for a shape out of bounds, MemoryError.
    """
    for packet in demux(recording, damage=damage):
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            damage.add(packet)
            continue
        for frame in frames:
            check_frame(frame)
            yield frame


def read_pcm(recording: Recording, *, damage: Damage) -> Iterator[memoryview]:
    """PCM of the whole recording, in chunks of up to 2 s. Raises as `decode_frames`."""
    converter: Converter | None = None
    for frame in decode_frames(recording, damage=damage):
        if converter is None:
            yield from _silence(delay_s(recording, frame))
        if converter is None or not converter.fits(frame):
            if converter is not None:
                yield from converter.flush()
            converter = Converter(frame)
        yield from converter.convert(frame)
    if converter is not None:
        yield from converter.flush()


class Converter:
    """Resamples and mixes down frames of one shape, through one filter graph.

    Our own graph and not PyAV's AudioResampler, for one thread (a graph starts one per core, each
    with 72 MB of address space) and for output in chunks.
    """

    def __init__(self, frame: AudioFrame, *, chunk_samples: int = _CHUNK_SAMPLES) -> None:
        self._chunk_samples = chunk_samples
        self._shape = _shape_of(frame)
        self._pending_samples = 0.0
        layout, sample_format, rate_hz = self._shape
        self._out_per_in = RATE_HZ / rate_hz
        self._graph = graph = Graph()
        graph.threads = 1
        source = graph.add(
            "abuffer",
            sample_rate=str(rate_hz),
            sample_fmt=sample_format,
            channel_layout=layout,
            time_base=f"1/{rate_hz}",
        )
        # Eight microphones look like 7.1 surround, whose fourth channel is left out by default.
        mixer = graph.add("aresample", lfe_mix_level="1")
        target = graph.add(
            "aformat", sample_rates=str(RATE_HZ), sample_fmts="s16", channel_layouts="mono"
        )
        sink = graph.add("abuffersink")
        source.link_to(mixer)
        mixer.link_to(target)
        target.link_to(sink)
        graph.configure()
        graph.set_audio_frame_size(chunk_samples)

    def fits(self, frame: AudioFrame) -> bool:
        return _shape_of(frame) == self._shape

    def convert(self, frame: AudioFrame) -> Iterator[memoryview]:
        frame.pts = None
        self._graph.push(frame)
        self._pending_samples += frame.samples * self._out_per_in
        if self._pending_samples >= self._chunk_samples:
            yield from self._pull()

    def flush(self) -> Iterator[memoryview]:
        self._graph.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[memoryview]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, AudioFrame), "an audio graph"  # noqa: S101
            self._pending_samples -= frame.samples
            yield memoryview(frame.planes[0])[: frame.samples * 2]


def demux(recording: Recording, *, damage: Damage) -> Iterator["Packet[AudioStream]"]:
    """The packets of the stream, past places where the container is damaged."""
    failures = 0
    while failures < _MAX_FAILURES:
        try:
            for packet in recording.container.demux(recording.stream):
                failures = 0
                yield packet
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            failures += 1
            damage.add(None)
        else:
            return


def delay_s(recording: Recording, first: AudioFrame) -> float:
    """By how much the audio starts after the pictures, 0 where that is little or unbelievable.

    Unknown, so 0, for H.264 in Matroska: FFmpeg finds its start only by decoding pictures, which
    we forbid.
    """
    start = recording.container.start_time
    if not recording.has_video or first.time is None or start is None:
        return 0.0
    delay_s = first.time - start / av.time_base
    return delay_s if _AUDIBLE_DELAY_S < delay_s < _LONGEST_DELAY_S else 0.0


def _silence(seconds: float) -> Iterator[memoryview]:
    samples = round(seconds * RATE_HZ)
    for start in range(0, samples, _CHUNK_SAMPLES):
        yield memoryview(bytes(2 * min(_CHUNK_SAMPLES, samples - start)))


def _shape_of(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.layout.name, frame.format.name, frame.sample_rate


def check_frame(frame: AudioFrame) -> None:
    check_shape(channels=frame.layout.nb_channels, rate_hz=frame.sample_rate)
    if frame.samples > MAX_FRAME_SAMPLES:
        raise MediaError("unsupported_format", "The audio of this file has oversize frames.")
