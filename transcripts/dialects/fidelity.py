"""What becomes of a field of another service's request: what the published tables are made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from transcripts.option_kinds import InvalidOptionError


class Fate(StrEnum):
    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True)
class Field:
    """`how` completes the sentence in the published table."""

    fate: Fate
    how: str


def list_ignored(named: Iterable[str], fields: Mapping[str, Field]) -> dict[str, str]:
    """Return a sentence about each of `named` that has no part in the answer, by its name."""
    ignored: dict[str, str] = {}
    for name in named:
        field = fields.get(name)
        if field is None:
            ignored[name] = f"{name:.100} is ignored: it is not known here."
        elif field.fate is Fate.IGNORED:
            ignored[name] = f"{name} is ignored: {field.how}."
    return ignored


def refuse_unhonoured(named: Iterable[str], fields: Mapping[str, Field]) -> None:
    """Refuse by its name what a client can't see ignored. Raises InvalidOptionError."""
    for name in named:
        field = fields.get(name)
        if field is not None and field.fate is Fate.REFUSED:
            raise InvalidOptionError(name, f"{name} is not supported: {field.how}.")
