"""One change of a transcript: what it needs is read, changed in memory, and written at once.

`open_draft` is the transaction. Its first statement moves the transcript's revision on, which
takes the lock: on SQLite the database's, on PostgreSQL the row's. Of two editors at once one goes
first; the other's change is merged where it touches nothing that the first one changed, else it
gets 412. A draft that changed nothing leaves no revision.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import cast

from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from stt_web.core import wakeups
from transcripts.access import TranscriptNotFoundError
from transcripts.editing.draft_gaps import GapDraft
from transcripts.editing.draft_rows import (
    ROWS_AT_ONCE,
    Fields,
    SegmentRows,
    SpeakerState,
    drop_speakers,
    write_fields,
    write_speakers,
)
from transcripts.editing.errors import (
    RevisionChangedError,
    SegmentNotFoundError,
    SpeakerNotFoundError,
    StillWorkedOnError,
)
from transcripts.editing.revisions import (
    Change,
    Changes,
    changes_between,
    changes_speech,
    difference,
    overlaps,
    summarise,
)
from transcripts.models import OPEN_STATUSES, EditAction, Revision, Tag, Transcript
from transcripts.models import Segment as SegmentRow
from transcripts.models.transcript import new_segment_key
from transcripts.search.index import index_buckets, index_title, time_bucket
from transcripts.services.text_jobs import order_index
from transcripts.text.segments import Segment, SegmentJson

logger = logging.getLogger(__name__)

# The same words in other lines, or all of them new: what was done says more than a few of them.
_REARRANGED = frozenset(
    {EditAction.SPLIT, EditAction.MERGE, EditAction.RECOUNT, EditAction.SECOND_PASS}
)
# After these the text is still as the machine wrote it.
_NO_CORRECTIONS = frozenset(
    {
        EditAction.DESCRIBE,
        EditAction.ADD_SPEAKER,
        EditAction.RENAME_SPEAKER,
        EditAction.RECOUNT,
        EditAction.RESTORE,
        EditAction.SECOND_PASS,
    }
)


@dataclass
class Editing:
    """Who changes what, and which revision they saw (None: any); afterwards, what was changed.

    What others changed since that revision is no hindrance where this change touches none of it.
    """

    transcript: Transcript
    author: User | None  # None: the machine
    expected: int | None = None
    changes: Changes = field(default_factory=dict)


class Draft:
    """What was read, as it was and as it is to be. Segments are read when they are asked for."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        rows = list(transcript.speakers.all())
        self._speaker_ids = {row.position: row.pk for row in rows}
        self._positions = {row.pk: row.position for row in rows}
        self._ids: dict[str, int] = {}
        self._before: dict[str, Segment] = {}
        self._after: dict[str, Segment | None] = {}
        self.speakers = {row.position: SpeakerState(row.label, row.display_name) for row in rows}
        self._speakers_before = dict(self.speakers)
        self.gaps = GapDraft(transcript)
        tags = tuple(Tag.objects.filter(transcript=transcript).values_list("name", flat=True))
        self.fields = Fields(
            transcript.title, transcript.language_note, transcript.is_corrected, tags
        )
        self._fields_before = self.fields

    def segment(self, key: str) -> Segment:
        """Return one segment. Raises SegmentNotFoundError."""
        return self.segments([key])[0]

    def segments(self, keys: Iterable[str]) -> list[Segment]:
        """Return these segments in order, as they are to be. One query for those not read yet."""
        wanted = list(dict.fromkeys(keys))
        missing = [key for key in wanted if key not in self._after]
        for start in range(0, len(missing), ROWS_AT_ONCE):
            self._read(Q(key__in=missing[start : start + ROWS_AT_ONCE]))
        found = [state for key in wanted if (state := self._after.get(key)) is not None]
        if len(found) != len(wanted):
            raise SegmentNotFoundError
        return sorted(found, key=lambda state: state.position)

    def has_segment(self, key: str) -> bool:
        """Whether there is one, or was one before this draft. One query."""
        rows = SegmentRow.objects.filter(transcript=self.transcript, key=key)
        return key in self._after or rows.exists()

    def segments_in(self, start_ms: int, end_ms: int) -> list[Segment]:
        """Return those that overlap a span, in order. One query."""
        keys = self._read(Q(start_ms__lt=end_ms, end_ms__gt=start_ms))
        return self.segments(keys)

    def segments_of(self, speakers: Iterable[int]) -> list[Segment]:
        """Return the segments of these speakers, in order. One query."""
        ids = [self._speaker_ids[position] for position in speakers]
        return self.segments(self._read(Q(speaker_id__in=ids)))

    def all_segments(self) -> list[Segment]:
        """Return every segment, in order. One query."""
        return self.segments(self._read(Q()))

    def neighbour(self, segment: Segment, *, is_next: bool) -> Segment | None:
        """Return the stored segment behind it or before it. One query."""
        rows = SegmentRow.objects.filter(transcript=self.transcript)
        if is_next:
            rows = rows.filter(position__gt=segment.position).order_by("position")
        else:
            rows = rows.filter(position__lt=segment.position).order_by("-position")
        key = rows.values_list("key", flat=True).first()
        return None if key is None else self.segment(key)

    def keys_between(self, first: Segment, last: Segment) -> list[str]:
        """Return the keys of the stored segments from one to another, in order. One query."""
        rows = SegmentRow.objects.filter(
            transcript=self.transcript, position__range=(first.position, last.position)
        )
        return list(rows.order_by("position").values_list("key", flat=True))

    def last_before(self, time_ms: int) -> Segment | None:
        """Return the last segment that begins at `time_ms` or before. One query."""
        rows = SegmentRow.objects.filter(transcript=self.transcript, start_ms__lte=time_ms)
        key = rows.order_by("-position").values_list("key", flat=True).first()
        return None if key is None else self.segment(key)

    def first(self) -> Segment | None:
        """Return the first segment. One query."""
        rows = SegmentRow.objects.filter(transcript=self.transcript).order_by("position")
        key = rows.values_list("key", flat=True).first()
        return None if key is None else self.segment(key)

    def put(self, *segments: Segment) -> None:
        for segment in segments:
            if segment.speaker is not None and segment.speaker not in self.speakers:
                raise SpeakerNotFoundError
            self._after[segment.key] = segment

    def remove(self, key: str) -> None:
        self._after[key] = None

    def new_key(self) -> str:
        return new_segment_key()

    def apply(self, changes: Changes) -> None:
        """Make changes that `editing.revisions` worked out."""
        for position, change in changes.get("speakers", {}).items():
            self._apply_speaker(int(position), change)
        segments = changes.get("segments", {})
        self.segments(key for key, change in segments.items() if change["before"] is not None)
        for key, change in segments.items():
            self._apply_segment(key, change)
        self.gaps.apply(changes.get("gaps", {}))
        fields = changes.get("fields", {}).get("transcript")
        if fields is not None and fields["after"] is not None:
            after = dict(fields["after"])
            if "tags" in after:
                after["tags"] = tuple(after["tags"])
            if "diarizer" in after:
                self.name_diarizer(after["diarizer"])
            self.fields = replace(self.fields, **after)

    def name_diarizer(self, name: str) -> None:
        """State which engine the speakers are by, as undoing it does. One query."""
        used = self.transcript.job.diarizer_used
        self._fields_before = replace(self._fields_before, diarizer=used)
        self.fields = replace(self.fields, diarizer=name)

    def changes(self) -> Changes:
        """Return what is different from what was read."""
        segments = {
            key: _segment_change(self._before.get(key), after) for key, after in self._after.items()
        }
        positions = sorted({*self._speakers_before, *self.speakers})
        speakers = {
            str(position): _speaker_change(
                self._speakers_before.get(position), self.speakers.get(position)
            )
            for position in positions
        }
        fields = {"transcript": difference(asdict(self._fields_before), asdict(self.fields))}
        found = {
            kind: {key: change for key, change in changed.items() if change is not None}
            for kind, changed in (
                ("segments", segments),
                ("speakers", speakers),
                ("fields", fields),
                ("gaps", self.gaps.changes()),
            )
        }
        return {kind: changed for kind, changed in found.items() if changed}

    def write(self, changes: Changes) -> None:
        """Store it. Inside the caller's transaction."""
        speakers = {int(position) for position in changes.get("speakers", {})}
        self._speaker_ids |= write_speakers(self.transcript, speakers, self.speakers)
        rows = SegmentRows(self.transcript, self._after, self._ids, self._speaker_ids)
        rows.write(changes.get("segments", {}))
        drop_speakers(self.transcript, speakers - self.speakers.keys())
        self.gaps.write(changes.get("gaps", {}))
        if "fields" in changes:
            write_fields(self.transcript, self.fields, self._fields_before)
        self._index(changes)

    def _read(self, wanted: Q) -> list[str]:
        keys = []
        for row in SegmentRow.objects.filter(wanted, transcript=self.transcript):
            keys.append(row.key)
            if row.key not in self._before:
                self._ids[row.key] = row.pk
                speaker = None if row.speaker_id is None else self._positions[row.speaker_id]
                state = Segment.from_row(row, speaker=speaker)
                self._before[row.key] = self._after[row.key] = state
        return [key for key in keys if self._after[key] is not None]

    def _apply_speaker(self, position: int, change: Change) -> None:
        after = change["after"]
        if after is None:
            self.speakers.pop(position, None)
            return
        known = self.speakers.get(position, SpeakerState("", ""))
        self.speakers[position] = replace(known, **after)

    def _apply_segment(self, key: str, change: Change) -> None:
        after = change["after"]
        if after is None:
            self.remove(key)
        elif change["before"] is None:
            self.put(Segment.from_json(cast("SegmentJson", after)))
        else:
            known = self.segment(key).as_json()
            self.put(Segment.from_json(cast("SegmentJson", {**known, **after})))

    def _index(self, changes: Changes) -> None:
        buckets = {
            time_bucket(state.start_ms)
            for key, change in changes.get("segments", {}).items()
            if {"text", "start_ms"} & {*(change["before"] or ()), *(change["after"] or ())}
            for state in (self._before.get(key), self._after.get(key))
            if state is not None
        }
        index_buckets(self.transcript, buckets)
        if buckets:
            order_index(self.transcript)
        if self.fields.title != self._fields_before.title:
            index_title(self.transcript)


@contextmanager
def open_draft(
    editing: Editing,
    action: EditAction,
    *,
    restored: int | None = None,
    at_any_status: bool = False,
) -> Iterator[Draft]:
    """Change a transcript: what the draft has at the end becomes a revision, or nothing does.

    Raises RevisionChangedError, StillWorkedOnError, TranscriptNotFoundError. `editing.transcript`
    is up to date afterwards.
    """
    with transaction.atomic():
        _claim(editing, at_any_status=at_any_status)
        transcript = editing.transcript
        transcript.refresh_from_db()
        draft = Draft(transcript)
        yield draft
        changes = draft.changes()
        if changes and action not in _NO_CORRECTIONS:
            draft.fields = replace(draft.fields, is_corrected=True)
            changes = draft.changes()
        if changes:
            _check_unchanged(editing, changes)
            draft.write(changes)
            if changes_speech(changes):
                transcript.text_revision = transcript.revision
                rows = Transcript.objects.filter(pk=transcript.pk)
                rows.update(text_revision=transcript.text_revision)
            Revision.objects.create(
                transcript=transcript,
                number=transcript.revision,
                action=action,
                author=editing.author,
                restored=restored,
                changes=changes,
                summary=[] if action in _REARRANGED else summarise(changes),
            )
            wakeups.wake(wakeups.TRANSCRIPT, transcript.pk)  # open pages follow it
        else:
            Transcript.objects.filter(pk=transcript.pk).update(revision=F("revision") - 1)
            transcript.revision -= 1
    editing.changes = changes
    if changes:
        logger.info(
            "event=transcript_edited transcript_id=%s revision=%d action=%s",
            transcript.pk,
            transcript.revision,
            action,
        )


def _claim(editing: Editing, *, at_any_status: bool) -> None:
    """Move the revision on, or raise. Of two editors at once one wins this."""
    rows = Transcript.objects.filter(pk=editing.transcript.pk)
    editable = rows if at_any_status else rows.exclude(status__in=OPEN_STATUSES)
    # An earlier revision will do, unless what is changed was changed since: `_check_unchanged`.
    expected = editable
    if editing.expected is not None:
        is_known = editing.expected >= 0
        expected = editable.filter(revision__gte=editing.expected) if is_known else rows.none()
    if expected.update(revision=F("revision") + 1):
        return
    current = rows.first()
    if current is None:
        raise TranscriptNotFoundError
    if not at_any_status and current.status in OPEN_STATUSES:
        raise StillWorkedOnError
    raise RevisionChangedError(current.revision)


def _check_unchanged(editing: Editing, changes: Changes) -> None:
    """Raise RevisionChangedError if another editor changed the same since `editing.expected`.

    Under the lock that `_claim` took, so no one can come in between. One query, or none.
    """
    transcript = editing.transcript
    before = transcript.revision - 1  # the draft's own has no changes yet
    if editing.expected is None or editing.expected >= before:
        return
    if overlaps(changes, changes_between(transcript, editing.expected, before)):
        raise RevisionChangedError(before)


def _segment_change(before: Segment | None, after: Segment | None) -> Change | None:
    if before == after:
        return None
    return difference(
        None if before is None else before.as_json(), None if after is None else after.as_json()
    )


def _speaker_change(before: SpeakerState | None, after: SpeakerState | None) -> Change | None:
    return difference(
        None if before is None else asdict(before), None if after is None else asdict(after)
    )
