"""What the front page shows to people without an account: a real result, and what there is.

`sample.json` is what Whisper `base` and CAM++ made of `static/sample.mp3` (two voices of flite, by
`tests/speech/make.py`): nothing in it was corrected.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from transcripts.text.clock import format_clock
from transcripts.text.languages import LANGUAGE_NAMES

_SAMPLE = Path(__file__).with_name("sample.json")
# Shown of all languages, in their own words; the rest is a number.
SHOWN_LANGUAGES = (
    "English",
    "Čeština",
    "Deutsch",
    "Español",
    "Français",
    "Polski",
    "日本語",
    "العربية",
)


@dataclass(frozen=True)
class SampleWord:
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class SampleLine:
    speaker: int
    time: str
    words: list[SampleWord]


@dataclass(frozen=True)
class FrontSample:
    model: str
    lines: list[SampleLine]


@lru_cache(maxsize=1)
def read_sample() -> FrontSample:
    stored = json.loads(_SAMPLE.read_text())
    lines = [
        SampleLine(
            speaker=line["speaker"],
            time=format_clock(round(line["start"] * 1000)),
            words=[SampleWord(*word) for word in line["words"]],
        )
        for line in stored["lines"]
    ]
    return FrontSample(model=stored["model"], lines=lines)


def describe_front() -> dict[str, object]:
    """Return what the templates of `front/` need. No query."""
    return {
        "sample": read_sample(),
        "language_count": len(LANGUAGE_NAMES),
        "shown_languages": SHOWN_LANGUAGES,
    }
