"""A bar for each day, as geometry that a template writes down as SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 600, 160  # of the plot, in units of the drawing
_GAP = 4


@dataclass(frozen=True)
class Bar:
    """One kind of use on one day; those of a day stand on each other."""

    day: date
    kind: str
    number: int  # of the kind, from 1: its colour
    minutes: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    top: int  # minutes at the upper edge, a round number
    width: int = WIDTH
    height: int = HEIGHT


def draw_chart(minutes: Mapping[date, Mapping[str, int]]) -> Chart:
    """Return the bars of `minutes` a day and kind, oldest first; one of no minutes has no height.

    A day with little use is still seen.
    """
    top = round_up(max((sum(kinds.values()) for kinds in minutes.values()), default=0))
    step = WIDTH / max(1, len(minutes))
    bars = []
    for index, (day, kinds) in enumerate(minutes.items()):
        y = float(HEIGHT)
        for number, (kind, value) in enumerate(kinds.items(), 1):
            height = max(2.0, value / top * HEIGHT) if value else 0.0
            y -= height
            bars.append(
                Bar(
                    day=day,
                    kind=kind,
                    number=number,
                    minutes=value,
                    x=round(index * step + _GAP / 2, 1),
                    y=round(y, 1),
                    width=round(step - _GAP, 1),
                    height=round(height, 1),
                )
            )
    return Chart(bars=bars, top=top)


def round_up(value: int) -> int:
    """The next of 10, 20, 50, 100, 200, 500 …"""
    if value <= 10:
        return 10
    power: int = 10 ** int(math.log10(value))
    return min(step * power for step in (1, 2, 5, 10) if step * power >= value)
