"""What a check found, and running checks together: each in a thread, all within a deadline."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum

from django.db import connections

from stt_web.core.background import spawn_thread


class Level(IntEnum):
    """How bad: the exit status of the worst is that of the command."""

    OK = 0
    WARNING = 1
    FAILURE = 2


@dataclass(frozen=True)
class Diagnosis:
    """`sentence`: how it is; `cure`: what to do, empty where nothing is to be done."""

    subject: str
    level: Level
    sentence: str
    cure: str = ""

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "level": self.level.name.lower()}


def ok(subject: str, sentence: str) -> Diagnosis:
    return Diagnosis(subject, Level.OK, sentence)


def warning(subject: str, sentence: str, cure: str) -> Diagnosis:
    return Diagnosis(subject, Level.WARNING, sentence, cure)


def failure(subject: str, sentence: str, cure: str) -> Diagnosis:
    return Diagnosis(subject, Level.FAILURE, sentence, cure)


@dataclass(frozen=True)
class Check:
    subject: str
    find: Callable[[], Iterable[Diagnosis]]


def run_checks(checks: Sequence[Check], *, within_s: float) -> list[Diagnosis]:
    """Run them all at once; what has not answered in time, or broke, is a failure itself."""
    results: list[list[Diagnosis] | None] = [None] * len(checks)

    def run(index: int, check: Check) -> None:
        try:
            results[index] = list(check.find())
        except Exception as error:  # noqa: BLE001  # a broken check hides no other's findings
            sentence = f"The check broke off: {type(error).__name__}."
            results[index] = [
                failure(check.subject, sentence, "See the log; report it as a fault.")
            ]
        finally:
            connections.close_all()

    threads = [
        spawn_thread(lambda i=i, c=check: run(i, c), name=f"doctor-{check.subject}")  # type: ignore[misc]  # bound at once
        for i, check in enumerate(checks)
    ]
    deadline = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [
        finding
        for check, found in zip(checks, list(results), strict=True)
        for finding in (found if found is not None else [_silent(check.subject, within_s)])
    ]


def _silent(subject: str, within_s: float) -> Diagnosis:
    return failure(
        subject,
        f"It did not answer within {within_s:.0f} s.",
        "See whether it is overloaded, or an address that drops packets instead of refusing them.",
    )
