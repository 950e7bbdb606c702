"""Which audio track of a container is transcribed. Runs in the child.

The default one, or else the first; where we can't read that one, the next that we can. Tracks are
counted from 1, in the order of the file, audio only.
"""

from typing import Any, Final, NamedTuple

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from transcripts.media.errors import MediaError
from transcripts.media.limits import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ

DECODERS: Final = (
    "mp1float,mp2float,mp3float,mp1,mp2,mp3,aac,aac_latm,alac,flac,vorbis,opus,libopus,speex,"
    "wmav1,wmav2,wmapro,wmalossless,wmavoice,ac3,eac3,dca,amrnb,amrwb,qdm2,truespeech,gsm_ms,"
    "adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,"
    "pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_dvd,"
    "pcm_bluray,pcm_s64le"
)
_DECODER_NAMES: Final = frozenset(DECODERS.split(","))
_PROTECTED_TAGS: Final = frozenset({"enca", "drms", "p608"})


class Choice(NamedTuple):
    """`track`: 1-based. `passed_over`: the track that should have been transcribed, 0 if it is."""

    stream: AudioStream
    track: int
    passed_over: int


def choose_track(container: InputContainer, *, track: int) -> Choice:
    """Return the stream to decode; all others are not even demuxed. `track` 0: the default one.

    Raises MediaError: no_audio_track, unknown_track, unsupported_format.
    """
    audio = list(container.streams.audio)
    if not audio:
        raise MediaError("no_audio_track", "This file has no audio track.")
    if track > len(audio):
        raise MediaError("unknown_track", _no_such_track(track, len(audio)))
    choice = _explicit(audio, track) if track else _first_readable(audio)
    for stream in container.streams:
        if stream.index != choice.stream.index:
            stream.discard = Discard.all
    return choice


def _no_such_track(track: int, tracks: int) -> str:
    held = "one audio track" if tracks == 1 else f"{tracks} audio tracks"
    return f"track is {track}, but this file has {held}."


def _explicit(audio: list[AudioStream], track: int) -> Choice:
    check_codec(audio[track - 1])
    return Choice(audio[track - 1], track, 0)


def default_track(audio: list[AudioStream]) -> int:
    """Return the number of the track that is flagged as the default, else 1."""
    return _in_order(audio)[0] + 1 if audio else 1


def _in_order(audio: list[AudioStream]) -> list[int]:
    return sorted(range(len(audio)), key=lambda at: not audio[at].disposition & Disposition.default)


def _first_readable(audio: list[AudioStream]) -> Choice:
    in_order = _in_order(audio)
    refusal: MediaError | None = None
    for at in in_order:
        try:
            check_codec(audio[at])
        except MediaError as error:
            refusal = refusal or error
        else:
            return Choice(audio[at], at + 1, 0 if at == in_order[0] else in_order[0] + 1)
    assert refusal is not None, "there is a track"  # noqa: S101
    raise refusal


def is_readable(stream: AudioStream) -> bool:
    try:
        check_codec(stream)
    except MediaError:
        return False
    return True


def check_codec(stream: AudioStream) -> None:
    """Raises MediaError `unsupported_format`."""
    context: Any = stream.codec_context
    if context is not None and _tag_of(context) in _PROTECTED_TAGS:
        raise MediaError("unsupported_format", "This recording is copy-protected.")
    if context is None or context.name not in _DECODER_NAMES:
        raise MediaError("unsupported_format", "The audio of this file is in an unknown codec.")
    context.thread_count = 1
    if context.sample_rate:  # else it is known only after the first frame
        check_shape(channels=context.layout.nb_channels, rate_hz=context.sample_rate)


def _tag_of(context: Any) -> str:
    """The four bytes by which a container names the codec; PyAV decodes them as ASCII, though in
    AVI and WAV they are a number (PyAV-Org/PyAV#748)."""
    try:
        return str(context.codec_tag)
    except UnicodeDecodeError:
        return ""


def check_shape(*, channels: int, rate_hz: int) -> None:
    """Raises MediaError for what no recording has and what would cost too much."""
    if not (1 <= channels <= MAX_CHANNELS and MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ):
        raise MediaError(
            "unsupported_format",
            f"Audio with {channels} channels at {rate_hz} Hz can't be transcribed.",
        )
