"""SubStation Alpha (.ssa, .ass): the dialogue lines of its `[Events]`, without their styling."""

from collections.abc import Iterator

from transcripts.imports.bounds import MAX_SEGMENT_CHARACTERS
from transcripts.imports.markup import strip_overrides
from transcripts.imports.segments import ImportFileError
from transcripts.imports.stamps import read_clock
from transcripts.text.segments import Segment

# The default of `Format:` (version 4.00+).
_FIELDS = "layer, start, end, style, name, marginl, marginr, marginv, effect, text"
_DIALOGUE, _COMMENT = "dialogue:", "comment:"
_MOST_FIELDS = 30


def is_substation(text: str) -> bool:
    head = text.lstrip()[:200].lower()
    return head.startswith(("[script info]", "[v4", "[events]", _DIALOGUE))


def read_substation(text: str, *, broken: list[int], commented: list[int]) -> list[Segment]:
    """Return the dialogue; the lines that can't be read are added to `broken`, those that are
    comments, which no player shows, to `commented`."""
    return list(_read(text, broken, commented))


def _read(text: str, broken: list[int], commented: list[int]) -> Iterator[Segment]:
    fields = _field_names(_FIELDS)
    is_events = True
    for number, line in enumerate(text.split("\n"), 1):
        head = line[:20].lstrip().lower()
        if head.startswith("["):
            is_events = head.startswith("[events]")
        elif is_events and head.startswith("format:"):
            fields = _field_names(line.partition(":")[2])
        elif is_events and head.startswith(_COMMENT):
            commented.append(number)
        elif head.startswith(_DIALOGUE):
            segment = _dialogue(line.partition(":")[2], fields, number=number)
            if segment is None:
                broken.append(number)
            elif segment.text:
                yield segment


def _field_names(text: str) -> list[str]:
    return [name.strip().lower() for name in text[:1000].split(",", _MOST_FIELDS)]


def _dialogue(line: str, fields: list[str], *, number: int) -> Segment | None:
    if len(line) > MAX_SEGMENT_CHARACTERS:
        raise ImportFileError(
            f"Line {number} has more than {MAX_SEGMENT_CHARACTERS:,} characters. Split it."
        )
    values = dict(zip(fields, line.split(",", len(fields) - 1), strict=False))
    start_ms = read_clock(values.get("start", "").strip())
    end_ms = read_clock(values.get("end", "").strip())
    if start_ms is None or end_ms is None or "text" not in values:
        return None
    name = " ".join(values.get("name", values.get("actor", "")).split())
    text = strip_overrides(values["text"])
    return Segment(start_ms, max(end_ms, start_ms + 1), text, speaker_name=name or None)
