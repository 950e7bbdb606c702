"""Times as people and files read them."""

import pytest

from transcripts.text.clock import format_clock, format_timestamp


@pytest.mark.parametrize(
    ("time_ms", "shown"),
    [
        (0, "0:00"),
        (59_999, "0:59"),
        (61_000, "1:01"),
        (3_723_999, "1:02:03"),
        (360_000_000, "100:00:00"),
    ],
)
def test_a_clock_drops_hours_that_are_none_and_what_is_below_a_second(
    time_ms: int, shown: str
) -> None:
    assert format_clock(time_ms) == shown


def test_a_clock_has_tenths_where_they_are_asked_for() -> None:
    assert format_clock(61_290, has_tenths=True) == "1:01.2"


@pytest.mark.parametrize(
    ("separator", "written"), [(",", "01:02:03,004"), (".", "01:02:03.004"), ("", "01:02:03")]
)
def test_a_timestamp_has_its_separator_and_milliseconds_or_neither(
    separator: str, written: str
) -> None:
    assert format_timestamp(3_723_004, separator=separator) == written


def test_hours_of_a_timestamp_grow() -> None:
    assert format_timestamp(360_000_000) == "100:00:00"
