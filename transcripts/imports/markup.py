"""The text of a cue without its markup, with the voices and times that WebVTT puts into it.

Every expression ends at the next opener: however many openers are never closed, the work is linear
in the characters.
"""

import html
import re
from dataclasses import dataclass

from transcripts.imports.stamps import read_clock

_TAG = re.compile(r"<([^<>]{1,300})>")
_VTT_STYLING = re.compile(r"</?(?:c|i|b|u|ruby|rt|lang)(?:[.\s][^<>]{0,300})?>")
_SRT_TAG = re.compile(r"</?(?:b|i|u|s|font)(?:[ \t][^<>]{0,300})?>", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{\\[^{}]{0,500}\}")
_ZERO_WIDTH_SPACE = "\u200b"  # with which our own SubRip makes text of markup
_VOICE_TAG = re.compile(r"/?v(?:[.\s]|\Z)")
_CLOCK_TAG = re.compile(r"\d[\d:.]{3,20}\Z")


@dataclass(frozen=True, slots=True)
class VoicedText:
    """Text by one voice (empty: unknown) from a time on (None: the cue has none)."""

    text: str
    voice: str = ""
    start_ms: int | None = None


def strip_srt(text: str) -> str:
    """Return SubRip's text without HTML's tags and SubStation's overrides."""
    bare = _OVERRIDE.sub("", _SRT_TAG.sub("", text))
    return " ".join(bare.replace(_ZERO_WIDTH_SPACE, "").split())


def strip_overrides(text: str) -> str:
    """Return SubStation Alpha's text: without `{…}`, its breaks as spaces."""
    bare = re.sub(r"\{[^{}]{0,2000}\}", "", text)
    return " ".join(re.sub(r"\\[Nnh]", " ", bare).split())


def has_times(text: str) -> bool:
    return any(_CLOCK_TAG.match(match[1]) is not None for match in _TAG.finditer(text))


def read_vtt(text: str) -> list[VoicedText]:
    """Return WebVTT's text in pieces. What is no tag of WebVTT's stays text."""
    chunks: list[VoicedText] = []
    voice, start_ms, position = "", None, 0
    begun = ""
    text = _VTT_STYLING.sub("", text)
    for match in _TAG.finditer(text):
        begun += text[position : match.start()]
        position = match.end()
        tag = match[1]
        is_clock = _CLOCK_TAG.match(tag) is not None
        if not is_clock and _VOICE_TAG.match(tag) is None:
            begun += match[0]
            continue
        chunks.append(VoicedText(unescape(begun), voice, start_ms))
        begun = ""
        if is_clock:
            start_ms = read_clock(tag)
        else:
            voice = _voice_of(tag)
    chunks.append(VoicedText(unescape(begun + text[position:]), voice, start_ms))
    return [chunk for chunk in chunks if chunk.text]


def _voice_of(tag: str) -> str:
    """Return the name in `v.loud Anna Bell`; empty for `/v`."""
    _, _, name = tag.partition(" ")
    return "" if tag.startswith("/") else " ".join(unescape(name).split())


def unescape(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a character reference of thousands of digits
        return text
