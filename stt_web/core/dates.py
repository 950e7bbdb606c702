"""How pages write dates and times: one style a language (`stt_web.formats`), in the reader's zone.

`base.html` sets the zone for the whole page. `format.js` writes the same in scripts. Mails and
files have their own ways: whoever reads those has no page around them.
"""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

_RELATIVE = timedelta(days=7)  # older: the day is shown


def day(value: date | datetime | None) -> str:
    """Return "26 Nov 2026"; Czech "26. 11. 2026"."""
    return _format(value, "DATE_FORMAT")


def short_day(value: date | datetime | None) -> str:
    """Return "26 Nov"; Czech "26. 11."."""
    return _format(value, "MONTH_DAY_FORMAT")


def day_time(value: datetime | None) -> str:
    """Return "26 Nov 2026, 11:42"; Czech "26. 11. 2026 11:42"."""
    return _format(value, "DATETIME_FORMAT")


def ago(value: datetime | None) -> SafeString | str:
    """Return how long ago it was, for lists; the exact time is its title."""
    if value is None:
        return ""
    local = _localized(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        day_time(local),
        describe_age(local, now=timezone.localtime()),
    )


def describe_age(value: datetime, *, now: datetime) -> str:
    """Return "5 min ago", "yesterday", or the day once it is older."""
    age = now - value
    minutes, days = int(age.total_seconds() // 60), (now.date() - value.date()).days
    if age >= _RELATIVE or minutes < 0:
        return day(value)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(n)d min ago", "%(n)d min ago", minutes) % {"n": minutes}
    if days == 0:
        return ngettext("%(n)d h ago", "%(n)d h ago", minutes // 60) % {"n": minutes // 60}
    if days == 1:
        return gettext("yesterday")
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


def _format(value: date | datetime | None, style: str) -> str:
    if value is None:
        return ""
    shown = _localized(value) if isinstance(value, datetime) else value
    return date_format(shown, style)


def _localized(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value
