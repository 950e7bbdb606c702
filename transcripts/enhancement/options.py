"""What a client may ask for: how strongly, how loud, and whether it waits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from transcripts.option_kinds import ChoiceOption, InvalidOptionError, OptionKind, read_async

STRENGTHS = ("standard", "light", "full")  # the first is the default
DEFAULT_LUFS, LOWEST_LUFS, HIGHEST_LUFS = -16.0, -36.0, -9.0
_NUMBER = re.compile(r"-?\d{1,3}(\.\d{1,3})?\Z", re.ASCII)


@dataclass(frozen=True)
class LoudnessOption(OptionKind[float]):
    """In LUFS."""

    default: float = DEFAULT_LUFS

    def parse(self, name: str, sent: str) -> float:
        value = sent.strip() or str(self.default)
        if not _NUMBER.match(value) or not LOWEST_LUFS <= float(value) <= HIGHEST_LUFS:
            raise InvalidOptionError(
                name,
                f"{name} is {value[:40]!r}, but must be a loudness in LUFS from"
                f" {LOWEST_LUFS:g} to {HIGHEST_LUFS:g}, such as -16.",
            )
        return float(value)


@dataclass(frozen=True)
class EnhancementRequest:
    strength: str
    target_lufs: float
    is_async: bool


def read_enhancement_request(sent: Mapping[str, str], *, prefer: str = "") -> EnhancementRequest:
    """Return the checked request. `prefer`: the header (RFC 7240). Raises InvalidOptionError."""
    return EnhancementRequest(
        strength=ChoiceOption(STRENGTHS).parse("strength", sent.get("strength", "")),
        target_lufs=LoudnessOption().parse("target", sent.get("target", "")),
        is_async=read_async(sent, prefer=prefer),
    )
