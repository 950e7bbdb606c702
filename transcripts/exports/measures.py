"""How much of a line, and of a reader's time, a text takes: Chinese, Japanese and Korean characters
are wider than others and hold more, whatever the declared language.

They are counted as so many characters of the profile, which are Latin ones: where 16 of them fill a
line of 42, each counts for 42 / 16. So a line of two scripts is as full as both make it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

from transcripts.exports.profiles import EAST_ASIAN, Profile

_WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60"
    "\U00020000-\U00033fff]"
)
_KANA = re.compile("[\u3041-\u30ff\u31f0-\u31ff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff]")
_CHINESE = "zh"
# Of what divides the width of a line: a third of a character is no character too many.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Measure:
    """`room` and `time`: how many of the profile's characters a wide one counts for."""

    profile: Profile
    room: float = 1.0
    time: float = 1.0

    @cached_property
    def width_of(self) -> Callable[[str], float]:
        """What gives the characters of the profile's line that a text fills."""
        return len if self.room == 1 else partial(_width, room=self.room)

    def reading_ms(self, text: str) -> float:
        return self.reading_characters(text) * 1000 / self.profile.characters_a_second

    def reading_characters(self, text: str) -> float:
        """Return how many of the profile's characters a text is to be read."""
        return len(text) if self.time == 1 else len(text) + (self.time - 1) * _count_wide(text)

    def own_scale(self, text: str) -> tuple[float, float]:
        """Return by what to divide room and time to count in the text's own characters."""
        return (self.room, self.time) if is_mostly_wide(text) else (1.0, 1.0)


def measure_for(profile: Profile, text: str, *, language: str) -> Measure:
    """Return how the text is measured. `language`: decides what its Chinese characters are where
    nothing else does. A profile that was asked for by its numbers counts characters as they are."""
    if profile.is_literal or text.isascii() or _WIDE.search(text) is None:
        return Measure(profile)
    width, speed = EAST_ASIAN[_east_asian_language(text, language)]
    return Measure(
        profile,
        room=max(1.0, profile.line_characters / width),
        time=max(1.0, profile.characters_a_second / speed),
    )


def own_profile(profile: Profile, text: str, *, language: str) -> Profile:
    """Return the profile with its limits in the characters that most of the text is written in."""
    measure = measure_for(profile, text, language=language)
    room, time = measure.own_scale(text)
    return replace(
        profile,
        line_characters=int(profile.line_characters / room + _TOLERANCE),
        characters_a_second=round(profile.characters_a_second / time, 1),
        warning_a_second=round(profile.warning_a_second / time, 1),
    )


def is_mostly_wide(text: str) -> bool:
    """Whether more of the text's letters are East Asian ones than not."""
    return 2 * _count_wide(text) > sum(not character.isspace() for character in text)


def _east_asian_language(text: str, language: str) -> str:
    if language == "ja" or _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return language if language in EAST_ASIAN else _CHINESE


@lru_cache(maxsize=20_000)
def _width(text: str, room: float) -> float:
    wide = _count_wide(text)
    return len(text) + (room - 1) * wide - (_TOLERANCE if wide else 0)


def _count_wide(text: str) -> int:
    return 0 if text.isascii() else len(_WIDE.findall(text))
