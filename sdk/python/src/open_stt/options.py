"""The options of a transcription, as the client's methods take them."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from open_stt.calls import query


class TranscribeOptions(TypedDict, total=False):
    """Beyond those that have arguments of their own; what the server takes is in docs/api.md."""

    languages: Sequence[str]
    task: str
    prompt: str
    hot_words: Sequence[str]
    diarizer: str
    aligner: str
    track: str | int
    channels: str | int
    enhance: bool
    auto_process: Sequence[str]
    template: str


def as_fields(
    *,
    model: str | None,
    language: str,
    diarize: bool,
    speakers: int,
    options: TranscribeOptions,
) -> dict[str, str]:
    """Return the options as form fields. Without a model the server's default runs."""
    return query(model=model, language=language, diarize=diarize, speakers=speakers, **options)


def check_format(response_format: str) -> str:
    """Return a format that there is. Raises ValueError."""
    formats = ("json", "verbose_json", "txt", "text", "srt", "vtt")
    if response_format not in formats:
        raise ValueError(f"response_format is one of {', '.join(formats)}.")
    return response_format
