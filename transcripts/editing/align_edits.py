"""Edited words get their times in the background: queued, fenced, swept.

An edit is answered with interpolated times and leaves a row (`EditAlignment`) in its transaction.
A task asks the recording where the words are, without any lock, and writes what it learned if the
segment still is what was asked about: a later edit is never overwritten. That makes no revision
(no later change is refused for it); the edit's own revision gets the better times instead.

A lost message or a worker that died leaves the row open: it is announced again at growing
intervals, and given up after `GIVE_UP_AFTER`. Running twice is harmless.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from stt_web.core import wakeups
from stt_web.core.broker import enqueue, send_now
from stt_web.core.clocks import is_ahead
from transcripts.editing.draft import Draft
from transcripts.editing.models import EditAlignment
from transcripts.editing.realign import (
    NotNowError,
    align_segment,
    can_be_aligned,
    has_new_words,
)
from transcripts.models import Revision, Transcript
from transcripts.models import Segment as SegmentRow
from transcripts.text.segments import Segment
from transcripts.text.words import Word

logger = logging.getLogger(__name__)

Align = Callable[[Transcript, Segment], tuple[Word, ...]]

ALIGN_TASK = "transcripts.align_edit"
_QUEUE = "housekeeping"
# Announced again 10, 20, 40, 80 and 160 s after the last time, then no more.
_FIRST_INTERVAL = timedelta(seconds=10)
_MOST_ANNOUNCEMENTS = 6
GIVE_UP_AFTER = timedelta(minutes=15)
_FINISHED_RETENTION = timedelta(hours=1)
_BATCH_ROWS = 100


def queue_alignment(draft: Draft, before: Segment, after: Segment) -> None:
    """Have the words that an edit placed aligned later. Inside the edit's transaction."""
    transcript = draft.transcript
    if not has_new_words(before, after) or not can_be_aligned(transcript):
        return
    row = EditAlignment.objects.create(
        transcript=transcript,
        segment_key=after.key,
        revision=transcript.revision,
        enqueued_at=timezone.now(),
    )
    enqueue(ALIGN_TASK, [row.pk], queue=_QUEUE)


def align_edit(alignment_id: int, *, align: Align = align_segment) -> None:
    """Align one edit's words, if that is still to be done. Raises nothing for what can't be had."""
    row = EditAlignment.objects.filter(pk=alignment_id, finished_at=None).first()
    if row is None:
        return
    transcript = Transcript.objects.select_related("owner").filter(pk=row.transcript_id).first()
    segment = _read_segment(row)
    if segment is None or transcript is None:
        _finish(row, is_aligned=False)
        return
    try:
        words = align(transcript, segment)
    except NotNowError:
        return  # the sweeper announces it again
    _write(row, segment, words)


def sweep_alignments(*, send: Callable[[int], bool] | None = None) -> None:
    """Announce what waits again, give up what waited too long, delete what was finished long ago.

    Without work three statements.
    """
    now = timezone.now()
    waiting = EditAlignment.objects.filter(finished_at=None)
    waiting.filter(created_at__lt=now - GIVE_UP_AFTER).update(finished_at=now)
    due = waiting.filter(_is_due(now)).order_by("enqueued_at")
    for pk, last_enqueued_at in due.values_list("pk", "enqueued_at")[:_BATCH_ROWS]:
        # Compare and set: of two sweepers one announces it.
        again = waiting.filter(pk=pk, enqueued_at=last_enqueued_at)
        is_enqueued = again.update(enqueued_at=now, enqueue_count=F("enqueue_count") + 1)
        if is_enqueued and not (send or _send)(pk):
            return  # the broker is down: the next round tries again
    EditAlignment.objects.filter(finished_at__lt=now - _FINISHED_RETENTION).delete()


def read_aligned(
    transcript_id: UUID, *, since: int, known: Collection[int]
) -> list[tuple[int, int, SegmentRow]]:
    """Return what got times for edits after revision `since`: (row, revision, segment).

    known: rows that the caller has already. Two queries.
    """
    rows = EditAlignment.objects.filter(
        transcript_id=transcript_id, revision__gt=since, is_aligned=True
    ).exclude(pk__in=known)
    found = list(rows.order_by("pk").values_list("pk", "revision", "segment_key"))
    segments = SegmentRow.objects.filter(
        transcript_id=transcript_id, key__in={key for *_, key in found}
    )
    by_key = {segment.key: segment for segment in segments.select_related("speaker")}
    return [(pk, revision, by_key[key]) for pk, revision, key in found if key in by_key]


def _read_segment(row: EditAlignment) -> Segment | None:
    found = SegmentRow.objects.filter(transcript_id=row.transcript_id, key=row.segment_key).first()
    return None if found is None else Segment.from_row(found)


def _write(row: EditAlignment, asked: Segment, words: Sequence[Word]) -> None:
    """Give the segment its words, if it still is what was asked about.

    The update of the transcript's row takes the lock that `draft.open_draft` takes: an edit comes
    wholly before, and is found here, or wholly after, and reads the better times.
    """
    with transaction.atomic():
        locked = Transcript.objects.filter(pk=row.transcript_id).update(revision=F("revision"))
        is_same = locked and _read_segment(row) == asked
        if is_same and words != asked.words:
            rows = SegmentRow.objects.filter(transcript_id=row.transcript_id, key=row.segment_key)
            rows.update(words=[word.as_json() for word in words])
            _put_into_revision(row, asked, words)
        _finish(row, is_aligned=bool(is_same and words != asked.words))


def _put_into_revision(row: EditAlignment, asked: Segment, words: Sequence[Word]) -> None:
    """Put the better times into the edit's own revision, if these are the words it made."""
    revision = Revision.objects.filter(transcript_id=row.transcript_id, number=row.revision).first()
    change = (revision.changes.get("segments", {}) if revision else {}).get(row.segment_key)
    after = change and change["after"]
    if revision is not None and after and after.get("words") == asked.as_json()["words"]:
        after["words"] = [word.as_json() for word in words]
        revision.save(update_fields=["changes"])


def _finish(row: EditAlignment, *, is_aligned: bool) -> None:
    rows = EditAlignment.objects.filter(pk=row.pk, finished_at=None)
    rows.update(finished_at=timezone.now(), is_aligned=is_aligned)
    wakeups.wake(wakeups.TRANSCRIPT, row.transcript_id)


def _send(alignment_id: int) -> bool:
    """Enqueue; False if the broker could not be reached. Never raises."""
    return send_now(ALIGN_TASK, [alignment_id], queue=_QUEUE)


def _is_due(now: datetime) -> Q:
    due = is_ahead("enqueued_at", now=now)
    for count in range(1, _MOST_ANNOUNCEMENTS):
        due |= Q(enqueue_count=count, enqueued_at__lt=now - _FIRST_INTERVAL * 2 ** (count - 1))
    return due
