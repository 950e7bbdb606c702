"""What Django writes by itself, as on the operators' pages, has the style of ours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import override

NOON = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "26 Nov 2026, 12:00; 12:00"), ("cs", "26. 11. 2026 12:00; 12:00")],
)
def test_what_django_writes_by_itself_has_the_same_style(language: str, shown: str) -> None:
    with override(language), timezone.override(ZoneInfo("Europe/Prague")):
        assert Template("{{ at }}; {{ at|time }}").render(Context({"at": NOON})) == shown
