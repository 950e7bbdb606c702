"""The process that decodes one live stream: audio of a client in, 16 kHz mono int16 out.

Confined like the one that reads a file (`child`): the bytes come from strangers. What arrives
is decoded at once; nothing is sought, and time stamps aren't read: the samples follow each
other as the client recorded them.
"""

import socket
from collections.abc import Iterator
from typing import Final

import av
import av.error
from av.audio.frame import AudioFrame

from transcripts.media.child import prepare_process, send_error
from transcripts.media.errors import MediaError
from transcripts.media.limits import MAX_RECORDING_S, confine, cpu_seconds
from transcripts.media.messages import note_message, pcm_message
from transcripts.media.pcm import Converter, check_frame
from transcripts.media.sandbox import seal
from transcripts.media.stream_messages import StreamSource, frame_message

DEMUXERS: Final = {"webm_opus": "matroska", "ogg_opus": "ogg"}
_CODECS: Final = "opus,libopus"
# About 80 ms: what a live hypothesis is made of at the least.
_CHUNK_SAMPLES: Final = 1280
# A stream costs as much as the longest recording at most.
_STREAM_BYTES: Final = MAX_RECORDING_S * 8000


def serve_stream(link: socket.socket, source: StreamSource) -> None:
    """Decode until the client's end, and send how it went."""
    prepare_process()
    seal()
    confine(cpu_s=cpu_seconds(_STREAM_BYTES, is_probe=False), next_fd=link.fileno() + 1)
    link.setblocking(True)  # the library's signature
    try:
        for pcm in _decode(link, source):
            link.sendall(frame_message(pcm_message(pcm)))
        link.sendall(frame_message(note_message("end")))
    except MediaError as error:
        send_error(lambda message: link.sendall(frame_message(message)), error)
    except ConnectionError:
        return  # the parent has closed its end


def _decode(link: socket.socket, source: StreamSource) -> Iterator[memoryview]:
    converter: Converter | None = None
    try:
        for frame in _read_container(link, source):
            check_frame(frame)
            if converter is None or not converter.fits(frame):
                yield from converter.flush() if converter else ()
                converter = Converter(frame, chunk_samples=_CHUNK_SAMPLES)
            yield from converter.convert(frame)
    except av.error.FFmpegError as error:
        raise MediaError(
            "corrupt_media", f"This audio can't be decoded as {source.name}."
        ) from error
    yield from converter.flush() if converter else ()


def _read_container(link: socket.socket, source: StreamSource) -> Iterator[AudioFrame]:
    """Damaged packets are skipped, as in files."""
    options = {"codec_whitelist": _CODECS, "analyzeduration": "0", "probesize": "4096"}
    options["fflags"] = "nobuffer"
    with av.open(
        _Reader(link),
        mode="r",
        format=DEMUXERS[source.name],
        options=options,
        buffer_size=4096,
        metadata_errors="ignore",
    ) as container:
        if not container.streams.audio:
            raise MediaError("no_audio_track", "This stream has no audio track.")
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            yield from frames


class _Reader:
    """The link as a file that can only be read."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def read(self, size: int) -> bytes:
        """Return what has arrived, up to `size`; empty at the end."""
        return self._link.recv(size)
