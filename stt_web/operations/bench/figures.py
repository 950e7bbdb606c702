"""What was measured, as the table and the JSON show it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement. `value` in `unit`; `detail`: how it was measured, with its spread."""

    name: str
    value: float
    unit: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """What could not be measured here, and why."""

    name: str
    reason: str


@dataclass(kw_only=True)
class BenchReport:
    """`machine`: what a figure depends on; figures of different machines don't compare."""

    machine: dict[str, str | int | float] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    took_s: float = 0.0
    remark: str = ""  # what makes the figures worse than they could be

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def as_table(self) -> list[str]:
        """Return the lines of a table for a terminal."""
        lines = [f"{name:<28}{value}" for name, value in self.machine.items()]
        lines += [""]
        for each in self.figures:
            shown = f"{each.value:g} {each.unit}"
            lines.append(f"{each.name:<28}{shown:<20}{each.detail}")
        lines += [f"{each.name:<28}{'–':<20}{each.reason}" for each in self.skipped]
        lines += ["", f"{'took':<28}{self.took_s:.1f} s"]
        return [*lines, self.remark] if self.remark else lines


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` (0 to 1) of them don't exceed; infinite without any."""
    if not values:
        return float("inf")
    return sorted(values)[max(0, round(len(values) * part) - 1)]
