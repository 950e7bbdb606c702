"""One style of dates a language, in the reader's zone; relative in lists."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import override

from stt_web.core.dates import day, day_time, describe_age, short_day

NOON = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "whole", "short", "with_time"),
    [
        ("en", "26 Nov 2026", "26 Nov", "26 Nov 2026, 12:00"),
        ("cs", "26. 11. 2026", "26. 11.", "26. 11. 2026 12:00"),
    ],
)
def test_each_language_has_one_style(language: str, whole: str, short: str, with_time: str) -> None:
    with override(language), timezone.override(ZoneInfo("Europe/Prague")):
        assert day(NOON) == whole
        assert day(date(2026, 11, 26)) == whole
        assert short_day(NOON) == short
        assert day_time(NOON) == with_time


def test_a_day_is_the_readers() -> None:
    with override("en"), timezone.override(ZoneInfo("Pacific/Kiritimati")):  # 14 hours ahead
        assert day(NOON) == "27 Nov 2026"


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=20), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=8), "18 Nov 2026"),
        (timedelta(hours=-1), "26 Nov 2026"),
    ],
)
def test_ages_are_relative_for_a_week(age: timedelta, shown: str) -> None:
    with override("en"):
        assert describe_age(NOON - age, now=NOON) == shown


def test_a_list_has_the_exact_time_beside_the_age() -> None:
    with override("en"):
        html = Template("{% load dates %}{{ at|ago }}").render(Context({"at": timezone.now()}))

    assert "just now</time>" in html
    assert 'title="' in html
    assert 'datetime="' in html


def test_nothing_is_written_for_no_date() -> None:
    assert (day(None), day_time(None), short_day(None)) == ("", "", "")
