"""Action items for calendars and task lists (RFC 5545): what is to be done, by whom, until when.

Written here: a library for it (icalendar) brings dateutil and a database of time zones, for the
seven properties of a day without a time.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from transcripts.exports.plain import one_line
from transcripts.intelligence.made_items import MadeItem

_LINE_OCTETS = 75  # 3.1; a folded line's space counts
TASKS, EVENTS = "tasks", "events"


def render_calendar(
    tasks: Sequence[MadeItem],
    notes: Sequence[str],
    *,
    result_id: UUID,
    made_at: datetime,
    form: str,
) -> str:
    """Return the file. `notes`: one for each task, for people.

    form: TASKS, each a VTODO; or EVENTS, each that has a date a day (VEVENT), for calendars that
    know no tasks.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Open STT//Action items//EN"]
    for number, (task, note) in enumerate(zip(tasks, notes, strict=True), 1):
        due = date.fromisoformat(task.due_date) if task.due_date else None
        if form == EVENTS and due is None:
            continue
        kind = "VEVENT" if form == EVENTS else "VTODO"
        lines += [
            f"BEGIN:{kind}",
            f"UID:{uuid5(result_id, str(number))}",
            f"DTSTAMP:{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_escape(one_line(task.text))}",
            *([f"DESCRIPTION:{_escape(note)}"] if note else []),
            *_times(due, form),
            f"END:{kind}",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _fold(line))


def _times(due: date | None, form: str) -> Iterator[str]:
    if form != EVENTS:
        yield "STATUS:NEEDS-ACTION"
    if due is None:
        return
    if form == EVENTS:
        yield f"DTSTART;VALUE=DATE:{due:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{due + timedelta(days=1):%Y%m%d}"  # not included: 3.6.1
        yield "TRANSP:TRANSPARENT"
    else:
        yield f"DUE;VALUE=DATE:{due:%Y%m%d}"


def _escape(text: str) -> str:
    """Return a TEXT value (3.3.11); line breaks of ours stay, those of a text are spaces."""
    parts = []
    for part in text.split("\n"):
        plain = one_line(part).replace("\\", "\\\\")
        parts.append(plain.replace(";", "\\;").replace(",", "\\,"))
    return "\\n".join(parts)


def _fold(line: str) -> Iterator[str]:
    """Yield the line in lines of at most 75 octets; no character is cut."""
    folded, octets = "", 0
    for character in line:
        size = len(character.encode("utf-8", "replace"))
        if octets + size > _LINE_OCTETS:
            yield folded
            folded, octets = " ", 1
        folded += character
        octets += size
    yield folded
