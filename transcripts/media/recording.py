"""One file, opened with everything hostile shut out: content decides, nothing else is reachable.

The file is opened by us, the process is confined, and FFmpeg gets the descriptor: no name whose
extension could count, no second file that a playlist or a data reference could name. Only the
demuxers and decoders below may run, also while FFmpeg probes stream parameters (so that no
video is decoded at all). Runs in the child.

PyAV imports some of its modules only when a container needs them. A confined process can't, so
they are all imported here.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import av
import av.audio.codeccontext
import av.container.pyio
import av.error
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from transcripts.media.errors import MediaError
from transcripts.media.headers import Headers, matroska_seconds, read_headers
from transcripts.media.limits import MAX_RECORDING_S, confine, cpu_seconds, longest_s
from transcripts.media.messages import Pick
from transcripts.media.parts import Part, PartFile, find_parts
from transcripts.media.report import Report
from transcripts.media.sandbox import seal
from transcripts.media.sniff import refusal
from transcripts.media.tracks import DECODERS, choose_track

_DEMUXERS: Final = (
    "mp3,wav,w64,flac,ogg,aac,mov,asf,matroska,avi,mpeg,mpegvideo,mpegts,aiff,caf,amr,ac3,eac3"
)
# Where these containers have no duration, FFmpeg guesses one from the bit rate.
_GUESSED_DURATION: Final = frozenset({"aac", "mpeg", "mpegvideo", "mpegts", "ac3", "eac3", "amr"})
# Where pictures outlast the sound, these declare only the length of the whole.
_WHOLE_DURATION: Final = ("matroska", "asf")
# So many parts are opened for their duration at most; the others are taken to be as long.
_MEASURED_PARTS: Final = 50


@dataclass(frozen=True)
class OpenedMedia:
    """An open recording, or one part of a file that holds several, and the audio stream of it that
    is transcribed: the track number `track`, for which `passed_over` wasn't (0: none)."""

    container: InputContainer
    stream: AudioStream
    size_bytes: int
    headers: Headers
    track: int
    passed_over: int

    @property
    def has_video(self) -> bool:
        """Whether there are moving pictures: a cover doesn't count."""
        cover = Disposition.attached_pic
        return any(not stream.disposition & cover for stream in self.container.streams.video)

    @property
    def declared_ms(self) -> int:
        """The duration that the file declares, 0 where it isn't believable."""
        duration_s = self._stream_s() or self._container_s()
        return round(duration_s * 1000) if 0 < duration_s <= longest_s(self.size_bytes) else 0

    @property
    def promised_ms(self) -> int:
        """The duration that the audio itself should reach, 0 where nothing promises one.

        A guess by bit rate promises nothing, nor does the length of the pictures.
        """
        name = self.container.format.name
        if name in _GUESSED_DURATION:
            return 0
        if name == "mp3":
            return self.headers.mp3_ms
        if name == "wav":
            return round(self.declared_ms * self.headers.wav_excess)
        if self.headers.asf_cut_ms:
            return min(self.headers.asf_cut_ms, round(longest_s(self.size_bytes) * 1000))
        if not self.has_video:
            return self.declared_ms
        if name.startswith(_WHOLE_DURATION) and not self.headers.is_cut:
            return 0
        return round(self._stream_s() * 1000)

    @property
    def start_s(self) -> float | None:
        """Where the container's timeline begins, as FFmpeg found."""
        start = self.container.start_time
        return None if start is None else start / av.time_base

    def refuse_overlong(self) -> None:
        """Raises MediaError `too_long` for what would surely be cut short."""
        if max(self._container_s(), self._stream_s()) > MAX_RECORDING_S:
            raise too_long()

    def _container_s(self) -> float:
        return float(self.container.duration or 0) / float(av.time_base)

    def _stream_s(self) -> float:
        duration, time_base = self.stream.duration, self.stream.time_base
        if duration and time_base:
            return float(duration) * float(time_base)
        return matroska_seconds(self.stream.metadata.get("DURATION", ""))


def too_long() -> MediaError:
    return MediaError("too_long", "This recording is longer than 24 hours or pretends to be.")


class RecordingFile:
    """An open file: one recording, or several, one behind the other."""

    def __init__(self, fd: int, *, size_bytes: int, pick: Pick) -> None:
        self._fd = fd
        self._pick = pick
        self.size_bytes = size_bytes
        self._parts = find_parts(fd, size_bytes=size_bytes)

    def parts(self, report: Report | None = None) -> Iterator[OpenedMedia]:
        """Open one part after the other; a further one that can't be read is reported.

        Raises MediaError where the first part can't be read.
        """
        yield from self._open_parts(len(self._parts), report or Report())

    @contextmanager
    def first(self) -> Iterator[OpenedMedia]:
        """The first part. Raises MediaError."""
        with self._open(self._parts[0], track=self._pick.track) as recording:
            yield recording

    def containers(self) -> Iterator[InputContainer]:
        """The containers, one after the other, of which all audio tracks are demuxed.

        Raises MediaError where one can't be opened.
        """
        for part in self._parts:
            with self._open_container(part, _headers_of(self._fd, part)) as container:
                for stream in container.streams:
                    if not isinstance(stream, AudioStream):
                        stream.discard = Discard.all
                yield container

    @property
    def declared_ms(self) -> int:
        """The duration that the parts declare together, 0 where the first declares none."""
        total_ms = opened_bytes = 0
        for part, recording in zip(
            self._parts, self._open_parts(_MEASURED_PARTS, Report()), strict=False
        ):
            if not recording.declared_ms:
                return 0
            total_ms += recording.declared_ms
            opened_bytes += part.end - part.start
        share = self.size_bytes / opened_bytes if len(self._parts) > _MEASURED_PARTS else 1
        return round(min(total_ms * share, longest_s(self.size_bytes) * 1000))

    @property
    def is_joined(self) -> bool:
        return len(self._parts) > 1

    def _open_parts(self, count: int, report: Report) -> Iterator[OpenedMedia]:
        for number, part in enumerate(self._parts[:count]):
            with ExitStack() as stack:
                try:
                    recording = stack.enter_context(self._open(part, track=self._pick.track))
                except MediaError:
                    if not number:
                        raise
                    report.unread_parts += 1
                    continue
                yield recording

    @contextmanager
    def _open(self, part: Part, *, track: int) -> Iterator[OpenedMedia]:
        headers = _headers_of(self._fd, part)
        with self._open_container(part, headers) as container:
            choice = choose_track(container, track=track)
            yield OpenedMedia(
                container=container,
                stream=choice.stream,
                size_bytes=self.size_bytes,
                headers=headers,
                track=choice.track,
                passed_over=choice.passed_over,
            )

    def _open_container(self, part: Part, headers: Headers) -> InputContainer:
        options = {
            "protocol_whitelist": "fd",
            "format_whitelist": _DEMUXERS,
            "codec_whitelist": DECODERS,
        }
        if headers.is_wav:
            # Else it is searched for disguised DTS, which costs 10 ms and has no speech.
            options["max_probe_packets"] = "1"
        try:
            if self.is_joined:
                source = PartFile(self._fd, part)
                return av.open(source, "r", options=options, metadata_errors="ignore")
            options["fd"] = str(self._fd)
            return av.open("fd:", "r", options=options, metadata_errors="ignore")
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise refusal(headers.head) from error


@contextmanager
def open_recording(
    path: str, *, is_probe: bool, pick: Pick, is_encoding: bool = False
) -> Iterator[RecordingFile]:
    """Open the recording and confine this process to it, for ever.

    Raises MediaError.
    """
    fd = _open_file(path)
    size_bytes = os.fstat(fd).st_size
    seal()
    confine(
        cpu_s=cpu_seconds(size_bytes, is_probe=is_probe),
        next_fd=_lowest_free(fd),
        is_encoding=is_encoding,
    )
    if os.pread(fd, 4, 0) == b"RIFX":
        raise MediaError(
            "unsupported_format",
            "This is a WAV file with its bytes in the other order (RIFX), which can't be read."
            " Please save it as an ordinary WAV file.",
        )
    yield RecordingFile(fd, size_bytes=size_bytes, pick=pick)


def _headers_of(fd: int, part: Part) -> Headers:
    return read_headers(fd, start=part.start, size_bytes=part.end - part.start)


def _open_file(path: str) -> int:
    try:
        # Non-blocking, else a named pipe in the place of the file would stop us for ever.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _missing() from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        raise _missing()
    if found.st_size == 0:
        raise MediaError("empty_file", "This file is empty.")
    return fd


def _missing() -> MediaError:
    return MediaError("recording_missing", "The recording can't be read any more.", status=500)


def _lowest_free(fd: int) -> int:
    lowest = os.dup(fd)
    os.close(lowest)
    return lowest
