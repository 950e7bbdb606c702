"""The variables of templates: a closed list, written {{name}}; put in as text, never executed."""

import re
from collections.abc import Mapping
from typing import Any

from transcripts.intelligence.source import SourceText
from transcripts.models import Transcript
from transcripts.text.clock import format_clock
from transcripts.text.languages import LANGUAGE_NAMES

VARIABLES = ("title", "date", "speakers", "language", "duration", "tags", "glossary", "notes")
_WRITTEN = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LEFT = re.compile(r"\{\{|\}\}|\{%|%\}")


def find_faults(text: str) -> list[str]:
    """Return what stands in double braces and is no variable; of unbalanced braces these."""
    unknown = [each.strip() for each in _WRITTEN.findall(text) if each.strip() not in VARIABLES]
    return unknown + _LEFT.findall(_WRITTEN.sub("", text))


def fill_variables(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its variables' values, once: what a value holds is not filled again."""
    return _WRITTEN.sub(lambda match: values.get(match[1].strip(), ""), text)


def describe_transcript(
    transcript: Transcript, source: SourceText, *, notes: str
) -> dict[str, str]:
    """Return the variables' values. One query."""
    options: Any = transcript.job.options
    duration_ms = transcript.job.audio_duration_ms or transcript.recording.probed_ms
    return {
        "title": transcript.title or transcript.recording.file_name,
        "date": f"{transcript.created_at:%Y-%m-%d}",
        "speakers": ", ".join(source.speakers),
        "language": LANGUAGE_NAMES.get(source.language, source.language).capitalize(),
        "duration": format_clock(duration_ms),
        "tags": ", ".join(transcript.tags.values_list("name", flat=True)),
        "glossary": ", ".join(options.hot_words),
        "notes": notes,
    }
