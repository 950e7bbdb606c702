"""One file, opened with everything hostile shut out: content decides, nothing else is reachable.

The file is opened by us, the process is confined, and FFmpeg gets the descriptor: no name whose
extension could count, no second file that a playlist or a data reference could name. Only the
demuxers and decoders below may run, also while FFmpeg looks for stream parameters (so that no
video is decoded at all). Runs in the child.

PyAV imports some of its modules only when a container needs them. A confined process can't, so
they are all imported here.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import av
import av.audio.codeccontext
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
from transcripts.media.limits import (
    MAX_CHANNELS,
    MAX_RATE_HZ,
    MAX_RECORDING_S,
    MIN_RATE_HZ,
    confine,
    cpu_seconds,
    longest_s,
)
from transcripts.media.sniff import refusal

_DEMUXERS: Final = (
    "mp3,wav,w64,flac,ogg,aac,mov,asf,matroska,avi,mpeg,mpegvideo,mpegts,aiff,caf,amr,ac3,eac3"
)
_DECODERS: Final = (
    "mp1float,mp2float,mp3float,mp1,mp2,mp3,aac,aac_latm,alac,flac,vorbis,opus,libopus,speex,"
    "wmav1,wmav2,wmapro,wmalossless,wmavoice,ac3,eac3,dca,amrnb,amrwb,qdm2,truespeech,gsm_ms,"
    "adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,"
    "pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_dvd,"
    "pcm_bluray,pcm_s64le"
)
# Where these containers have no duration, FFmpeg guesses one from the bit rate.
_GUESSED_DURATION: Final = frozenset({"aac", "mpeg", "mpegvideo", "mpegts", "ac3", "eac3", "amr"})
_PROTECTED_TAGS: Final = frozenset({"enca", "drms", "p608"})


@dataclass(frozen=True)
class Recording:
    """An open recording and the audio stream of it that is heard."""

    container: InputContainer
    stream: AudioStream
    size_bytes: int
    headers: Headers

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
        is_guess = self.container.format.name in _GUESSED_DURATION
        if is_guess or (self.container.format.name == "mp3" and not self.headers.has_mp3_length):
            return 0
        if self.container.format.name == "wav":
            return round(self.declared_ms * self.headers.wav_excess)
        return round(self._stream_s() * 1000) if self.has_video else self.declared_ms

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


@contextmanager
def open_recording(path: str, *, is_probe: bool) -> Iterator[Recording]:
    """Open the recording and confine this process to it, for ever.

    Raises MediaError.
    """
    fd = _open_file(path)
    size_bytes = os.fstat(fd).st_size
    headers = read_headers(fd)
    confine(cpu_s=cpu_seconds(size_bytes, is_probe=is_probe), next_fd=_lowest_free(fd))
    try:
        container = _open_container(fd, is_wav=headers.is_wav)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise refusal(headers.head) from error
    with container:
        stream = _choose_stream(container)
        yield Recording(container=container, stream=stream, size_bytes=size_bytes, headers=headers)


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


def _open_container(fd: int, *, is_wav: bool) -> InputContainer:
    options = {
        "fd": str(fd),
        "protocol_whitelist": "fd",
        "format_whitelist": _DEMUXERS,
        "codec_whitelist": _DECODERS,
    }
    if is_wav:
        # Else it is searched for disguised DTS, which costs 10 ms and nobody speaks in.
        options["max_probe_packets"] = "1"
    return av.open("fd:", options=options, metadata_errors="ignore")


def _choose_stream(container: InputContainer) -> AudioStream:
    """The default audio stream, else the first; the others are not even demuxed."""
    audio = list(container.streams.audio)
    if not audio:
        raise MediaError("no_audio_track", "This file has no audio track.")
    default = Disposition.default
    chosen = next((stream for stream in audio if stream.disposition & default), audio[0])
    _check_codec(chosen)
    for stream in container.streams:
        if stream.index != chosen.index:
            stream.discard = Discard.all
    return chosen


def _check_codec(stream: AudioStream) -> None:
    context: Any = stream.codec_context
    if context is not None and context.codec_tag in _PROTECTED_TAGS:
        raise MediaError("unsupported_format", "This recording is copy-protected.")
    if context is None or context.name not in _DECODERS.split(","):
        raise MediaError("unsupported_format", "The audio of this file is in an unknown codec.")
    context.thread_count = 1
    if context.sample_rate:  # else it is known only after the first frame
        check_shape(channels=context.layout.nb_channels, rate_hz=context.sample_rate)


def check_shape(*, channels: int, rate_hz: int) -> None:
    """Raises MediaError for what no recording has and what would cost too much."""
    if not (1 <= channels <= MAX_CHANNELS and MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ):
        raise MediaError(
            "unsupported_format",
            f"Audio with {channels} channels at {rate_hz} Hz can't be transcribed.",
        )
