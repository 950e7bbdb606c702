"""Packets in, 16 kHz mono int16 out: skips what is corrupt, follows changes of format.

Times in the transcript count these samples. They lie on the file's timeline (`timeline`): what has
no sound there, or none that can be read, is silence. Runs in the child.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import av
import av.error
import av.logging
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.filter import Graph
from av.packet import Packet

from transcripts.media.errors import MediaError
from transcripts.media.limits import MAX_FRAME_SAMPLES
from transcripts.media.messages import Pick
from transcripts.media.packets import read_packets
from transcripts.media.recording import OpenedMedia, RecordingFile
from transcripts.media.report import Report
from transcripts.media.timeline import Timeline
from transcripts.media.tracks import check_shape

RATE_HZ: Final = 16_000
_CHUNK_SAMPLES: Final = 2 * RATE_HZ
_WHOLE: Final = Pick()
# What isn't sound at all between the frames of an MP3: tags, and the frame that has the length.
_TAGS: Final = (b"ID3", b"TAG", b"APETAGEX", b"Xing", b"Info", b"VBRI", b"LAME", b"Lavc")
# A file without stamps: how long a damaged piece is, is known from its bytes. No longer than this.
_LONGEST_LOSS_S: Final = 60.0


@dataclass
class Loss:
    """How much couldn't be read since the last frame. `total_errors` as FFmpeg counts them."""

    seconds: float = 0.0
    _typical_bytes: float = 0.0
    _known_errors: int = 0

    def learn(self, packet: "Packet[AudioStream]") -> None:
        self._typical_bytes += (packet.size - self._typical_bytes) / (
            8 if self._typical_bytes else 1
        )

    def add(self, packet: "Packet[AudioStream]") -> None:
        """Count a packet that couldn't be decoded: junk is as long as the audio in its place."""
        if not packet.duration or not packet.time_base or _is_padding(packet):
            return
        packets = max(1.0, packet.size / self._typical_bytes) if self._typical_bytes else 1.0
        length_s = float(packet.duration * packet.time_base) * packets
        self.seconds = min(self.seconds + max(0.0, length_s), _LONGEST_LOSS_S)

    def take(self) -> float:
        """Return the loss in seconds, and begin again. Above 0 where FFmpeg met any error."""
        errors = av.logging.get_last_error()[0]
        is_damaged = errors > self._known_errors
        self._known_errors = errors
        taken, self.seconds = self.seconds, 0.0
        return taken or (1e-6 if is_damaged else 0.0)


def decode_frames(recording: OpenedMedia, *, report: Report) -> Iterator[tuple[AudioFrame, float]]:
    """The frames of the recording in order, each of a bounded shape, and what was lost before it.

    Raises MediaError for a shape out of bounds, MemoryError.
    """
    loss = Loss()
    loss.take()
    for packet in read_packets(recording, report=report):
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            report.failures += 1
            loss.add(packet)
            continue
        if frames:
            loss.learn(packet)
        for frame in frames:
            check_frame(frame)
            yield frame, loss.take()


def read_pcm(file: RecordingFile, *, pick: Pick, report: Report) -> Iterator[memoryview]:
    """PCM of the whole file, in chunks of up to 2 s. Raises as `decode_frames`."""
    position = 0
    for recording in file.parts(report):
        promise_ms = recording.promised_ms
        report.promised_ms = position * 1000 // RATE_HZ + promise_ms if promise_ms else 0
        for chunk in _read_part(recording, pick=pick, position=position, report=report):
            position += len(chunk) // 2
            yield chunk


def _read_part(
    recording: OpenedMedia, *, pick: Pick, position: int, report: Report
) -> Iterator[memoryview]:
    """`position`: in samples, where the part begins."""
    timeline = Timeline(recording, origin_s=position / RATE_HZ, report=report)
    converter: Converter | None = None
    for frame, lost_s in decode_frames(recording, report=report):
        silence_s = timeline.place(frame.time, frame.samples / frame.sample_rate, lost_s=lost_s)
        if converter is not None and (silence_s or not converter.fits(frame)):
            for chunk in converter.flush():
                position += len(chunk) // 2
                yield chunk
            converter = None
        if silence_s:
            begins_s = timeline.end_s - frame.samples / frame.sample_rate
            for chunk in silence(max(0, round(begins_s * RATE_HZ) - position)):
                position += len(chunk) // 2
                yield chunk
        converter = converter or Converter(frame, pick=pick)
        for chunk in converter.convert(frame):
            position += len(chunk) // 2
            yield chunk
    if converter is not None:
        yield from converter.flush()


class Converter:
    """Resamples and mixes down frames of one shape, through one filter graph.

    Our own graph and not PyAV's AudioResampler, for one thread (a graph starts one per core, each
    with 72 MB of address space) and for output in chunks.

    `pick`: one channel instead of the mix, and gain, which is applied before samples are rounded to
    int16; with neither, the graph is the plain one. `rate_hz`, `sample_format` and layout
    (`mixed_to`) of the output; `is_mixed` False: all channels, planar.
    """

    def __init__(
        self,
        frame: AudioFrame,
        *,
        pick: Pick = _WHOLE,
        rate_hz: int = RATE_HZ,
        sample_format: str = "s16",
        mixed_to: str = "mono",
        is_mixed: bool = True,
        chunk_samples: int = _CHUNK_SAMPLES,
    ) -> None:
        self._chunk_samples = chunk_samples
        self._shape = _shape_of(frame)
        self._pending_samples = 0.0
        layout, source_format, source_hz = self._shape
        self._out_per_in = rate_hz / source_hz
        self._graph = graph = Graph()
        graph.threads = 1
        filters = [
            graph.add(
                "abuffer",
                sample_rate=str(source_hz),
                sample_fmt=source_format,
                channel_layout=layout,
                time_base=f"1/{source_hz}",
            )
        ]
        if pick.channel:
            check_channel(pick.channel, channels=frame.layout.nb_channels)
            filters.append(graph.add("pan", f"mono|c0=c{pick.channel - 1}"))
        # Eight microphones are declared as 7.1 surround, whose fourth channel is left out by
        # default.
        mixer = {"lfe_mix_level": "1"}
        if pick.gain_db or sample_format != "s16":
            mixer["rematrix_maxval"] = "1"  # else a mix to floats isn't divided by its channels
        filters.append(graph.add("aresample", **mixer))
        if pick.gain_db:
            filters.append(graph.add("aformat", sample_fmts="flt", channel_layouts="mono"))
            filters.append(graph.add("volume", volume=f"{pick.gain_db}dB", precision="float"))
        target = {"sample_rates": str(rate_hz), "sample_fmts": sample_format}
        if is_mixed:
            target["channel_layouts"] = mixed_to
        filters += [graph.add("aformat", **target), graph.add("abuffersink")]
        for one, other in pairwise(filters):
            one.link_to(other)
        graph.configure()
        graph.set_audio_frame_size(chunk_samples)

    def fits(self, frame: AudioFrame) -> bool:
        return _shape_of(frame) == self._shape

    def convert(self, frame: AudioFrame) -> Iterator[memoryview]:
        for converted in self.convert_frames(frame):
            yield memoryview(converted.planes[0])[: converted.samples * 2]

    def flush(self) -> Iterator[memoryview]:
        for converted in self.flush_frames():
            yield memoryview(converted.planes[0])[: converted.samples * 2]

    def convert_frames(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        frame.pts = None
        self._graph.push(frame)
        self._pending_samples += frame.samples * self._out_per_in
        if self._pending_samples >= self._chunk_samples:
            yield from self._pull()

    def flush_frames(self) -> Iterator[AudioFrame]:
        self._graph.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, AudioFrame), "an audio graph"  # noqa: S101
            self._pending_samples -= frame.samples
            yield frame


def _is_padding(packet: "Packet[AudioStream]") -> bool:
    """Whether a packet that can't be decoded never held audio: tags, or one byte repeated."""
    content = bytes(packet)
    return content.count(content[-1:]) > len(content) // 2 or any(tag in content for tag in _TAGS)


def silence(samples: int) -> Iterator[memoryview]:
    for start in range(0, samples, _CHUNK_SAMPLES):
        yield memoryview(bytes(2 * min(_CHUNK_SAMPLES, samples - start)))


def _shape_of(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.layout.name, frame.format.name, frame.sample_rate


def check_frame(frame: AudioFrame) -> None:
    check_shape(channels=frame.layout.nb_channels, rate_hz=frame.sample_rate)
    if frame.samples > MAX_FRAME_SAMPLES:
        raise MediaError("unsupported_format", "The audio of this file has oversize frames.")


def check_channel(channel: int, *, channels: int) -> None:
    if channel > channels:
        raise MediaError(
            "unknown_channel",
            f"channels is {channel}, but the audio of this file has"
            f" {channels} channel{'s' if channels > 1 else ''}.",
        )
