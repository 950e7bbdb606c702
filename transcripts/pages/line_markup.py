"""The lines of a part as HTML: blocks of about a hundred, each a list.

Written by hand and not by a template: of three hours there are 2,500 lines, which a template takes
half a second for. A browser skips what is out of sight by the block (`content-visibility` on each
of 2,500 lines costs more than it saves, measured), so a block is what it skips. A segment is one
list item with its time and its text and no button: what can be done to it is in one place, which
moves (`editing/static/line-tools.js`), or follows from where one clicks.
"""

from collections.abc import Iterator, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy

from transcripts.pages.paragraphs import GapLine, Line, SegmentLine
from transcripts.pages.speaker_labels import show_speaker

LINES_A_BLOCK = 100
COLOURS = 8  # of speakers, in transcript.css
_SECONDS = gettext_lazy("{seconds} s not transcribed")


def render_blocks(
    lines: Sequence[Line], *, language: str, is_playable: bool, is_editable: bool
) -> list[SafeString]:
    """Return the blocks, in order. `is_playable`: there is a recording; `is_editable`: of the
    owner's page, where gaps can be filled."""
    gaps = _GapMarkup(language=language, is_playable=is_playable, is_editable=is_editable)
    blocks = []
    for first in range(0, len(lines), LINES_A_BLOCK):
        rendered = "".join(_render(line, gaps) for line in lines[first : first + LINES_A_BLOCK])
        blocks.append(mark_safe(rendered))  # noqa: S308 - each part of it is escaped
    return blocks


def colour_of(number: int | None) -> int:
    """Return the colour (1 to COLOURS) of a speaker; 0 of no one."""
    return 0 if number is None else (number - 1) % COLOURS + 1


def _render(line: Line, gaps: "_GapMarkup") -> str:
    if isinstance(line, GapLine):
        return gaps.render(line)
    if not isinstance(line, SegmentLine):
        raise TypeError(type(line))
    speaker = ""
    if line.speaker and not line.is_same:
        colour, name = colour_of(line.number), show_speaker(line.speaker)
        speaker = f'<p class="speaker c{colour}" dir="auto">{escape(name)}</p>'
    number = "" if line.number is None else line.number
    return (
        f'<li id="s-{line.key}" class="segment" data-start="{line.start_s}"'
        f' data-end="{line.end_s}" data-speaker="{number}">{speaker}'
        f'<span class="time">{line.time}</span>'
        f'<p class="text" dir="auto">{escape(line.text)}</p></li>'
    )


class _GapMarkup:
    """Speech that isn't in the text, with what was recognised there and what can be done."""

    def __init__(self, *, language: str, is_playable: bool, is_editable: bool) -> None:
        self._language = escape(language)
        self._own_language = escape(get_language() or "en")
        self._is_playable = is_playable
        self._is_editable = is_editable

    def render(self, gap: GapLine) -> str:
        length = escape(str(_SECONDS).format(seconds=gap.seconds))
        discarded = ""
        if gap.text and self._is_editable:
            discarded = (
                f'<p class="discarded"><span>{escape(gettext("Discarded text"))}:</span> '
                f'<q dir="auto" lang="{self._language}">{escape(gap.text)}</q></p>'
            )
        choices = "".join(self._choices(gap)) if self._is_editable else ""
        more = f'<p class="choices">{choices}</p><p class="outcome" hidden></p>' if choices else ""
        return (
            f'<li id="g-{gap.gap}" class="gap" data-gap="{gap.gap}" data-start="{gap.start_s}"'
            f' data-end="{gap.end_s}" lang="{self._own_language}">'
            f'<span class="time">{gap.time}</span><div class="missing">'
            f'<p><strong>{length}</strong> <span class="why">{escape(gap.reason)}</span></p>'
            f"{discarded}{more}</div></li>"
        )

    def _choices(self, gap: GapLine) -> Iterator[str]:
        if self._is_playable:
            yield self._button("listen", gettext("Listen"), gap)
        if gap.text:
            yield self._button("keep", gettext("Use this text"), gap)
        if self._is_playable:
            yield self._button("retry", gettext("Try again"), gap)

    def _button(self, action: str, label: str, gap: GapLine) -> str:
        name = escape(f"{label} ({gap.time})")
        return (
            f'<button type="button" class="button" data-action="{action}" aria-label="{name}"'
            f" hidden>{escape(label)}</button> "
        )
