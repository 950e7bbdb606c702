"""A bar for each day, as geometry that a template writes down as SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 600, 160  # of the plot, in units of the drawing
_GAP = 4


@dataclass(frozen=True)
class Bar:
    day: date
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


def draw_chart(minutes: Mapping[date, int]) -> Chart:
    """Return the bars of `minutes` a day, oldest first. A day with little use is still seen."""
    top = round_up(max(minutes.values(), default=0))
    step = WIDTH / max(1, len(minutes))
    bars = []
    for index, (day, value) in enumerate(minutes.items()):
        height = max(2.0, value / top * HEIGHT) if value else 0.0
        bars.append(
            Bar(
                day=day,
                minutes=value,
                x=round(index * step + _GAP / 2, 1),
                y=round(HEIGHT - height, 1),
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
