"""Subtitle profiles: how much text a reader can take, and for how long it stands.

Where the numbers are from: *default* is what players show well; *netflix* the Netflix Timed Text
Style Guides (English: 42 characters, 20 a second for adults; Simplified Chinese: 16 and 9;
Japanese: 13 a line and 4 a second, Korean: 16 and 12); *broadcast* the BBC Subtitle Guidelines (37
characters, 160–180 words a minute, which is about 15 characters a second). *social* is ours, for
upright video: there is no standard for it.
"""

from dataclasses import dataclass

# Characters a line and a second where they are as wide and as full of meaning as these languages'.
EAST_ASIAN: dict[str, tuple[int, float]] = {
    "zh": (16, 9.0),
    "yue": (16, 9.0),
    "ja": (13, 4.0),
    "ko": (16, 12.0),
}


@dataclass(frozen=True)
class Profile:
    """`characters_a_second`: what cues are timed for; above `warning_a_second` the lint warns.
    `is_literal`: its numbers count for every script alike."""

    name: str = "default"
    line_characters: int = 42
    lines: int = 2
    characters_a_second: float = 17.0
    warning_a_second: float = 20.0
    min_duration_ms: int = 833  # 20 frames at 24 a second (Netflix)
    max_duration_ms: int = 7_000  # Netflix
    gap_ms: int = 83  # 2 frames at 24 a second (Netflix)
    is_literal: bool = False


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(),
        Profile("netflix", characters_a_second=20.0, warning_a_second=20.0),
        Profile(
            "broadcast",
            line_characters=37,
            characters_a_second=15.0,
            warning_a_second=18.0,
            min_duration_ms=1_000,
        ),
        Profile(
            "social",
            line_characters=24,
            lines=1,
            min_duration_ms=500,
            max_duration_ms=3_000,
        ),
    )
}
# The least and the most that a custom profile may ask for.
BOUNDS: dict[str, tuple[float, float]] = {
    "line_characters": (8, 100),
    "lines": (1, 4),
    "characters_a_second": (4, 50),
    "min_duration": (0.1, 5),
    "max_duration": (1, 30),
    "gap": (0, 1),
}
