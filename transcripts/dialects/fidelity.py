"""What becomes of a field of another service's request: what the published tables are made of."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transcripts.option_kinds import InvalidOptionError

_MOST_UNKNOWN: Final = 20


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
    """Return a sentence about each of `named` that has no part in the answer, by its name.

    Of names that are not known, 20 at most.
    """
    ignored: dict[str, str] = {}
    unknown_count = 0
    for name in named:
        field = fields.get(name)
        if field is None:
            unknown_count += 1
            if unknown_count <= _MOST_UNKNOWN:
                ignored[name] = f"{name:.100} is ignored: it is not known here."
        elif field.fate is Fate.IGNORED:
            ignored[name] = f"{name} is ignored: {field.how}."
    return ignored


@contextmanager
def named_as(names: Mapping[str, str]) -> Iterator[None]:
    """Let refusals name the client's fields. `names`: of our options, by ours."""
    try:
        yield
    except InvalidOptionError as error:
        ours = str(error.extra.get("field", ""))
        if ours in names:
            error.extra["field"] = names[ours]
            error.message = error.message.replace(ours, names[ours], 1)
        raise


def refuse_unhonoured(named: Iterable[str], fields: Mapping[str, Field]) -> None:
    """Refuse by its name what a client can't see ignored. Raises InvalidOptionError."""
    for name in named:
        field = fields.get(name)
        if field is not None and field.fate is Fate.REFUSED:
            raise InvalidOptionError(name, f"{name} is not supported: {field.how}.")
