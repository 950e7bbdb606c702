"""The formats that are promised: what `GET /v1/formats` lists.

A recording is recognised by its content, never by these extensions.
"""

from typing import Final, TypedDict


class MediaFormat(TypedDict):
    """One promised container. `video`: it may carry pictures too, which are ignored."""

    extension: str
    name: str
    mime: str
    video: bool


def _format(extension: str, name: str, mime: str, *, video: bool = False) -> MediaFormat:
    return {"extension": extension, "name": name, "mime": mime, "video": video}


FORMATS: Final[tuple[MediaFormat, ...]] = (
    _format("mp3", "MP3", "audio/mpeg"),
    _format("wav", "WAV", "audio/wav"),
    _format("flac", "FLAC", "audio/flac"),
    _format("ogg", "Ogg Vorbis", "audio/ogg"),
    _format("m4a", "M4A", "audio/mp4"),
    _format("aac", "AAC", "audio/aac"),
    _format("opus", "Opus", "audio/opus"),
    _format("wma", "Windows Media Audio", "audio/x-ms-wma"),
    _format("mp4", "MP4", "video/mp4", video=True),
    _format("webm", "WebM", "video/webm", video=True),
    _format("mkv", "Matroska", "video/x-matroska", video=True),
    _format("avi", "AVI", "video/x-msvideo", video=True),
    _format("mov", "QuickTime", "video/quicktime", video=True),
    _format("wmv", "Windows Media Video", "video/x-ms-wmv", video=True),
    _format("mpg", "MPEG program stream", "video/mpeg", video=True),
    _format("mpeg", "MPEG program stream", "video/mpeg", video=True),
)
