"""What a live session is called: the day and time, in its owner's language and zone."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from transcripts.live.admission import _make_title

NOON = datetime(2026, 11, 26, 10, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "zone", "title"),
    [
        ("en", "Europe/Prague", "Live, 26 Nov, 11:42"),
        ("cs", "Europe/Prague", "Živě, 26. 11., 11:42"),
        ("en", "Pacific/Kiritimati", "Live, 27 Nov, 00:42"),
    ],
)
def test_a_session_is_named_by_when_it_began(language: str, zone: str, title: str) -> None:
    owner = User(email="ann@example.com", language=language, time_zone=zone)

    assert _make_title(owner, now=NOON) == title


def test_a_guests_is_in_utc() -> None:
    assert _make_title(None, now=NOON) == "Live, 26 Nov, 10:42"
