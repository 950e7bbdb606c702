"""What people do to a transcript. Each function is one change, and one revision.

Each takes who edits what (`Editing`), and raises what `open_draft` raises, EditError, and
SegmentNotFoundError or SpeakerNotFoundError for what isn't there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import EllipsisType

from transcripts.editing.align_edits import queue_alignment
from transcripts.editing.draft import (
    Draft,
    Editing,
    open_draft,
)
from transcripts.editing.draft_rows import SpeakerState
from transcripts.editing.errors import RevisionChangedError, SpeakerNotFoundError
from transcripts.editing.occurrences import Occurrences, find_segments
from transcripts.editing.revisions import (
    RevisionNotFoundError,
    changes_between,
    check_revision,
    overlaps,
    reverse,
)
from transcripts.editing.segment_operations import (
    EditError,
    change_text,
    change_times,
    merge_segments,
    move_words,
    split_segment,
    words_before,
    words_in_interval,
)
from transcripts.models import EditAction, Transcript
from transcripts.text.retokenize import normalize_text
from transcripts.text.segments import Segment
from transcripts.text.writing import is_spaced


@dataclass(frozen=True)
class SegmentChange:
    """What is to be different; None leaves it, and so does `...` for a speaker (None: no
    speaker)."""

    text: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: int | EllipsisType | None = ...


def describe(
    editing: Editing,
    *,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    language_note: str | None = None,
) -> None:
    """Change what a transcript is called and found by; at any status."""
    with open_draft(editing, EditAction.DESCRIBE, at_any_status=True) as draft:
        fields = draft.fields
        if title is not None:
            fields = replace(fields, title=title)
        if language_note is not None:
            fields = replace(fields, language_note=language_note)
        if tags is not None:
            fields = replace(fields, tags=tuple(sorted(set(tags))))
        draft.fields = fields


def edit_segment(editing: Editing, key: str, change: SegmentChange) -> None:
    """Change a segment. New words are interpolated at once, and aligned in the background."""
    with open_draft(editing, EditAction.EDIT) as draft:
        before = segment = draft.segment(key)
        if change.start_ms is not None or change.end_ms is not None:
            segment = _retimed(draft, segment, change)
        if change.text is not None:
            segment = change_text(segment, change.text)
        if not isinstance(change.speaker, EllipsisType):
            segment = replace(segment, speaker=change.speaker)
        draft.put(segment)
        if change.text is not None:
            queue_alignment(draft, before, segment)


def split(
    editing: Editing,
    key: str,
    *,
    at_word: int | None = None,
    at_character: int = 0,
    new_key: str = "",
) -> None:
    """Cut a segment before a word (0-based); without one, behind the word in which `at_character`
    (0-based, in its text) lies. `new_key`: of the second part; else one is made."""
    with open_draft(editing, EditAction.SPLIT) as draft:
        segment = draft.segment(key)
        if new_key and draft.has_segment(new_key):
            raise EditError("There is a segment with this id already.")
        at = words_before(segment, at_character) if at_word is None else at_word
        draft.put(*_cut(draft, segment, at, new_key=new_key))


def merge(editing: Editing, keys: Sequence[str]) -> None:
    """Join segments that follow each other."""
    with open_draft(editing, EditAction.MERGE) as draft:
        segments = draft.segments(keys)
        named = [segment.key for segment in segments]
        if named and named != draft.keys_between(segments[0], segments[-1]):
            raise EditError("Only segments that follow each other can be merged.")
        draft.put(merge_segments(segments, is_spaced=_is_spaced(editing.transcript)))
        for segment in segments[1:]:
            draft.remove(segment.key)


def move(editing: Editing, key: str, *, count: int, to_next: bool) -> None:
    """Move a segment's last words to the next one, or its first words to the one before."""
    with open_draft(editing, EditAction.MOVE_WORDS) as draft:
        segment = draft.segment(key)
        other = draft.neighbour(segment, is_next=to_next)
        if other is None:
            raise EditError("There is no segment on that side.")
        left, right = (segment, other) if to_next else (other, segment)
        draft.put(
            *move_words(
                left,
                right,
                count=count,
                is_forward=to_next,
                is_spaced=_is_spaced(editing.transcript),
            )
        )


def remove(editing: Editing, key: str) -> None:
    """Take a segment out. It can be restored."""
    with open_draft(editing, EditAction.REMOVE) as draft:
        draft.segment(key)
        draft.remove(key)


def add_speaker(editing: Editing, name: str) -> int:
    """Add a speaker who was not detected; returns the number."""
    with open_draft(editing, EditAction.ADD_SPEAKER) as draft:
        number = max(draft.speakers, default=0) + 1
        draft.speakers[number] = SpeakerState(f"Speaker {number}", name)
    return number


def rename_speaker(editing: Editing, number: int, name: str) -> None:
    """Name a speaker; an empty name shows the label again."""
    with open_draft(editing, EditAction.RENAME_SPEAKER) as draft:
        known = draft.speakers.get(number)
        if known is None:
            raise SpeakerNotFoundError
        draft.speakers[number] = replace(known, display_name=name)


def merge_speakers(editing: Editing, numbers: Sequence[int], *, into: int) -> None:
    """Merge these speakers: their segments become `into`'s, and they are deleted."""
    with open_draft(editing, EditAction.MERGE_SPEAKERS) as draft:
        removed = sorted({*numbers} - {into})
        if not {into, *removed} <= set(draft.speakers):
            raise SpeakerNotFoundError
        if not removed:
            raise EditError("Name the speakers that are to be merged into another one.")
        draft.put(*(replace(segment, speaker=into) for segment in draft.segments_of(removed)))
        for number in removed:
            del draft.speakers[number]


def assign_speaker(editing: Editing, *, start_ms: int, end_ms: int, speaker: int | None) -> None:
    """Set who speaks in an interval; segments that reach out of it are cut between words."""
    if start_ms >= end_ms:
        raise EditError("The span must end after it begins.")
    with open_draft(editing, EditAction.ASSIGN_SPEAKER) as draft:
        for segment in draft.segments_in(start_ms, end_ms):
            inside = _cut_out(draft, segment, start_ms=start_ms, end_ms=end_ms)
            if inside is not None:
                draft.put(replace(inside, speaker=speaker))


def restore(editing: Editing, number: int) -> None:
    """Make it again as it was at a revision; 0 is the machine's original. History stays."""
    check_revision(editing.transcript, number)
    with open_draft(editing, EditAction.RESTORE, restored=number) as draft:
        # The draft's own revision, which is the last, has no changes yet.
        draft.apply(reverse(changes_between(editing.transcript, number, draft.transcript.revision)))


def revert(editing: Editing, number: int) -> None:
    """Take one revision back, and leave what was changed elsewhere since. A revision itself, so
    that it can be reverted, too. Raises RevisionChangedError where a later one changed the same.
    """
    check_revision(editing.transcript, number)
    if not number:
        raise RevisionNotFoundError
    editing.expected = number if editing.expected is None else min(number, editing.expected)
    with open_draft(editing, EditAction.REVERT, restored=number) as draft:
        taken_back = reverse(changes_between(editing.transcript, number - 1, number))
        since = changes_between(editing.transcript, number, draft.transcript.revision)
        if overlaps(taken_back, since):
            raise RevisionChangedError(draft.transcript.revision - 1)
        draft.apply(taken_back)


def replace_text(editing: Editing, wanted: Occurrences, replacement: str) -> None:
    """Write `replacement` in the place of what is found, in one revision: of one word corrected
    everywhere, or of find and replace. New words are aligned in the background, as of any edit.
    """
    with open_draft(editing, EditAction.REPLACE) as draft:
        for before in draft.segments(find_segments(draft.transcript, wanted)):
            text = wanted.replace_in(before.text, replacement)
            if not normalize_text(text):
                draft.remove(before.key)
                continue
            after = change_text(before, text)
            draft.put(after)
            queue_alignment(draft, before, after)


def _retimed(draft: Draft, segment: Segment, change: SegmentChange) -> Segment:
    start_ms = segment.start_ms if change.start_ms is None else change.start_ms
    end_ms = segment.end_ms if change.end_ms is None else change.end_ms
    before = draft.neighbour(segment, is_next=False)
    behind = draft.neighbour(segment, is_next=True)
    if before is not None and start_ms < before.start_ms:
        raise EditError("A segment can't begin before the one in front of it.")
    if behind is not None and start_ms > behind.start_ms:
        raise EditError("A segment can't begin after the one behind it.")
    length_ms = draft.transcript.job.audio_duration_ms or draft.transcript.recording.probed_ms
    if length_ms and end_ms > max(length_ms, segment.end_ms):
        raise EditError("A segment can't reach beyond the recording's end.")
    return change_times(segment, start_ms=start_ms, end_ms=end_ms)


def _cut(
    draft: Draft, segment: Segment, at_word: int, *, new_key: str = ""
) -> tuple[Segment, Segment]:
    behind = draft.neighbour(segment, is_next=True)
    return split_segment(
        segment,
        at_word=at_word,
        key=new_key or draft.new_key(),
        next_position=None if behind is None else behind.position,
    )


def _cut_out(draft: Draft, segment: Segment, *, start_ms: int, end_ms: int) -> Segment | None:
    """Return the part of it whose words lie in the span; the rest is put as segments of its own."""
    if start_ms <= segment.start_ms and segment.end_ms <= end_ms:
        return segment
    first, behind = words_in_interval(segment, start_ms=start_ms, end_ms=end_ms)
    if first == behind:
        return None
    position = draft.neighbour(segment, is_next=True)
    next_position = None if position is None else position.position
    if behind < len(segment.words):
        segment, rest = split_segment(
            segment, at_word=behind, key=draft.new_key(), next_position=next_position
        )
        draft.put(segment, rest)
        next_position = rest.position
    if first > 0:
        rest, segment = split_segment(
            segment, at_word=first, key=draft.new_key(), next_position=next_position
        )
        draft.put(rest)
    return segment


def _is_spaced(transcript: Transcript) -> bool:
    return is_spaced(transcript.language or transcript.job.language_requested)
