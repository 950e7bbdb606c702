"""A recording in words and numbers, after some of its audio was really decoded. In the child."""

from collections.abc import Mapping
from typing import Final

from transcripts.media.errors import MediaError
from transcripts.media.messages import Pick, note_message
from transcripts.media.pcm import check_channel, decode_frames
from transcripts.media.recording import OpenedMedia, RecordingFile
from transcripts.media.report import Report

# So much must decode, with fewer failures than successes: else noise that happens to contain the
# sync word of an MP3 frame would pass.
_ENOUGH_S: Final = 0.5
_MAX_DAMAGE: Final = 200
_LONGEST_TIME: Final = 40

_NAMES: Final = {
    "mp3": "MP3",
    "wav": "WAV",
    "w64": "Wave64",
    "flac": "FLAC",
    "aac": "AAC",
    "avi": "AVI",
    "mpeg": "MPEG",
    "mpegvideo": "MPEG",
    "mpegts": "MPEG-TS",
    "aiff": "AIFF",
    "caf": "CAF",
    "amr": "AMR",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
}
_WEB_CODECS: Final = frozenset({"vp8", "vp9", "av1", "libdav1d", "opus", "libopus", "vorbis"})


def describe(file: RecordingFile, *, pick: Pick) -> bytes:
    """The `probe` note. Raises MediaError where the audio can't be decoded."""
    with file.first() as recording:
        recording.refuse_overlong()
        context = recording.stream.codec_context
        _try_decoding(recording)
        check_channel(pick.channel, channels=context.layout.nb_channels)
        duration_ms = recording.declared_ms
        described = _described(recording)
    if file.is_joined:
        duration_ms = file.declared_ms
    return note_message("probe", duration_ms=duration_ms, **described)


def _described(recording: OpenedMedia) -> dict[str, str | int | bool]:
    context = recording.stream.codec_context
    return {
        "container": _container_name(recording),
        "codec": context.name,
        "channels": context.layout.nb_channels,
        "rate_hz": context.sample_rate,
        "has_video": recording.has_video,
        "tracks": len(recording.container.streams.audio),
        "recorded_at": _find_time(recording.container.metadata),
    }


def _find_time(metadata: Mapping[str, str]) -> str:
    """Return when the recording was made: not when a tag says that a work was published."""
    stated = metadata.get("com.apple.quicktime.creationdate") or metadata.get("creation_time", "")
    if "date" in metadata and ":" in stated and "T" not in stated and "-" not in stated:
        stated = f"{metadata['date']}T{stated}"  # of a WAV file's `bext`
    return stated[:_LONGEST_TIME]


def _try_decoding(recording: OpenedMedia) -> None:
    report = Report()
    decoded_s, frames = 0.0, 0
    for frame, _ in decode_frames(recording, report=report):
        decoded_s += frame.samples / frame.sample_rate
        frames += 1
        if report.failures > _MAX_DAMAGE or (decoded_s >= _ENOUGH_S and frames > report.failures):
            break
    if frames == 0 or frames <= report.failures:
        raise MediaError("corrupt_media", "No audio could be decoded from this file.")


def _container_name(recording: OpenedMedia) -> str:
    demuxer = recording.container.format.name
    if demuxer == "ogg":
        return "Opus" if "opus" in recording.stream.codec_context.name else "Ogg"
    if demuxer == "asf":
        return "Windows Media Video" if recording.has_video else "Windows Media Audio"
    if demuxer.startswith("matroska"):
        return "WebM" if _codecs(recording) <= _WEB_CODECS else "Matroska"
    if demuxer.startswith("mov"):
        return _mp4_name(recording)
    return _NAMES.get(demuxer, demuxer)


def _mp4_name(recording: OpenedMedia) -> str:
    brand = recording.container.metadata.get("major_brand", "").strip().lower()
    return {"qt": "QuickTime", "m4a": "M4A"}.get(brand, "MP4")


def _codecs(recording: OpenedMedia) -> set[str]:
    streams = [*recording.container.streams.audio, *recording.container.streams.video]
    return {stream.codec_context.name for stream in streams if stream.codec_context}
