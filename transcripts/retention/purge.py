"""Removing what must not stay: anonymous results after an hour, and files that no row knows.

Files lie in the folder MEDIA_ROOT, or in a bucket: then what a machine has of them is removed by
`retention.local_copies`.
"""

import logging
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.rate_windows import purge_windows
from billing.anonymous import purge_anonymous_use
from stt_web.core import media_store
from transcripts.enhancement.models import Enhancement
from transcripts.jobs.cancel import delete_transcript
from transcripts.locks import lock_transcript
from transcripts.models import OPEN_STATUSES, Recording, Transcript
from transcripts.services.guests import GUEST_TEXT_LIFETIME
from transcripts.services.recordings import delete_recording, detach_recording
from transcripts.services.stored_responses import purge_answers
from transcripts.uploads.models import HeldRecording, ResumableUpload
from transcripts.voices.models import VoiceJob
from transcripts.webhooks.delivery import purge_deliveries

logger = logging.getLogger(__name__)

_TRANSIENT_LIFETIME = timedelta(minutes=10)  # after its end, which is answered at once
ADDRESS_COUNT_LIFETIME = timedelta(days=2)
# An upload lies on the disk before its row is made; one that stands still for so long is dead.
ORPHAN_AGE_S = 6 * 3600
# A recording is put into the bucket right before its commit; what is made of a transcript (exports,
# masked copies) has no row at all.
UNCOMMITTED_AGE_S = 3600
MOST_ORPHANS = 50  # in one sweep, where they are most of the recordings that the bucket has
BATCH_ROWS = 500
_FOLDER = re.compile(r"[0-9a-f]{32}")
_MADE = re.compile(r"[0-9a-f]{32}/(exports|audio)/")


def purge_anonymous() -> None:
    """Delete anonymous transcripts an hour after they ended, and recordings left behind."""
    closed = Transcript.objects.filter(owner=None).exclude(status__in=OPEN_STATUSES)
    # A worker that died between the final status and the deletion left its recording.
    for transcript in closed.exclude(recording__path="")[:BATCH_ROWS]:
        detach_recording(transcript)
    old = closed.filter(finished_at__lt=timezone.now() - GUEST_TEXT_LIFETIME)
    for transcript in old[:BATCH_ROWS]:
        _delete_unclaimed(transcript)
    now = timezone.now()
    purge_anonymous_use(before=now.date() - ADDRESS_COUNT_LIFETIME)
    purge_windows(now=now)


def purge_transient(now: datetime | None = None) -> None:
    """Delete what was to go with its answer, of web processes that died before."""
    closed = Transcript.objects.filter(job__is_transient=True).exclude(status__in=OPEN_STATUSES)
    old = closed.filter(finished_at__lt=(now or timezone.now()) - _TRANSIENT_LIFETIME)
    for transcript in old[:BATCH_ROWS]:
        delete_transcript(transcript)


def _delete_unclaimed(transcript: Transcript) -> None:
    """Delete it unless an account took it over in the meantime (`services/guests`).

    It takes the row's lock, so a claim comes wholly before or finds nothing.
    """
    with transaction.atomic():
        lock_transcript(transcript.pk)
        if Transcript.objects.filter(pk=transcript.pk, owner=None).exists():
            delete_transcript(transcript, cause="retention")


def purge_expired() -> None:
    """Delete what is stored for a limited time: answers of a day ago, deliveries of a month ago."""
    purge_answers()
    purge_deliveries()


def purge_orphans() -> None:
    """Remove upload folders without a row: of web processes that died between the two.

    Five queries for `BATCH_ROWS` folders; unfinished uploads have rows of their own.
    """
    if media_store.is_remote():
        return
    old = [each.name for each in old_folders(Path(settings.MEDIA_ROOT), age_s=ORPHAN_AGE_S)]
    for name in list_unknown(old):
        _remove_orphan(name)


@dataclass(frozen=True)
class StoredOrphans:
    """Folders of the bucket that no row knows. `made`: of transcripts that are there, whose time
    is over; `foreign`: the others. `are_most`: likely the bucket is another installation's."""

    made: list[str]
    foreign: list[str]
    are_most: bool


def purge_stored_orphans() -> None:
    """The same in the bucket, where there is one: also what was to be deleted while it was away.

    Of what no transcript made nothing where it is most of the recordings: that is the bucket of
    another installation (else `manage.py purge_bucket`). A request for a thousand objects. Raises
    StorageUnavailableError.
    """
    if not media_store.is_remote():
        return
    orphans = find_stored_orphans()
    remove_stored_orphans(orphans.made)
    if orphans.are_most:
        logger.error("event=orphans_not_removed orphans=%d", len(orphans.foreign))
    else:
        remove_stored_orphans(orphans.foreign)


def find_stored_orphans() -> StoredOrphans:
    """Call it only where there is a bucket. Raises StorageUnavailableError."""
    old = dict(_old_keys())
    unknown = list(list_unknown(old))
    made = _of_transcripts([name for name in unknown if old[name]])
    recordings = sum(1 for is_made in old.values() if not is_made)
    orphans = sum(1 for name in unknown if not old[name])
    are_most = orphans > MOST_ORPHANS and 2 * orphans > recordings
    foreign = [name for name in unknown if name not in made]
    return StoredOrphans(sorted(made), foreign, are_most)


def _of_transcripts(names: list[str]) -> set[str]:
    """Return those that are a transcript's id. A query for `BATCH_ROWS`."""
    found: set[str] = set()
    for start in range(0, len(names), BATCH_ROWS):
        batch = [UUID(name) for name in names[start : start + BATCH_ROWS]]
        rows = Transcript.objects.filter(pk__in=batch)
        found |= {pk.hex for pk in rows.values_list("pk", flat=True)}
    return found


def remove_stored_orphans(names: Iterable[str]) -> None:
    """Folders of `find_stored_orphans`. Idempotent."""
    for name in names:
        _remove_orphan(name)


def _remove_orphan(name: str) -> None:
    recording = f"{name}/recording"
    logger.warning("event=orphan_removed recording=%s", recording)
    delete_recording(recording)


def _old_keys() -> Iterator[tuple[str, bool]]:
    """Yield the folders of the bucket to which nothing was written for so long, and whether each
    has only what was made of a transcript (exports, masked copies), whose id is its name."""
    objects = media_store.open_bucket().list_below()
    for name, group in groupby(objects, key=lambda each: each.key.partition("/")[0]):
        stored = list(group)
        is_made = all(_MADE.match(each.key) for each in stored)
        is_whole = any(each.key.count("/") == 1 for each in stored)  # no journal, and no parts
        age_s = UNCOMMITTED_AGE_S if is_whole else ORPHAN_AGE_S
        if _FOLDER.fullmatch(name) and min(each.age_s for each in stored) > age_s:
            yield name, is_made


def list_unknown(names: Iterable[str]) -> Iterator[str]:
    """Yield the folders that no row knows. Lazy; five queries for `BATCH_ROWS`."""
    rest = iter(names)
    while batch := list(islice(rest, BATCH_ROWS)):
        known = _known([f"{name}/recording" for name in batch])
        yield from (name for name in batch if f"{name}/recording" not in known)


def _known(recordings: list[str]) -> set[str]:
    rows = Recording.objects.filter(path__in=recordings)
    known = set(rows.values_list("path", flat=True))
    uploads = ResumableUpload.objects.filter(transcript_id=None, is_refused=False)
    known |= {f"{each.hex}/recording" for each in uploads.values_list("pk", flat=True)}
    held = HeldRecording.objects.values_list("pk", flat=True)
    known |= {f"{pk.hex}/recording" for pk in held}
    spoken = Q(path__in=recordings) | Q(reference_path__in=recordings)
    jobs = VoiceJob.objects.filter(spoken).values_list("path", "reference_path")
    known |= {path for job in jobs for path in job}
    return known | _enhanced(recordings)


def _enhanced(recordings: list[str]) -> set[str]:
    """Return those of the paths that belong to an enhancement. One query."""
    names = [recording.partition("/")[0] for recording in recordings]
    ids = [UUID(name) for name in names if _FOLDER.fullmatch(name)]
    found = Enhancement.objects.filter(pk__in=ids).values_list("pk", flat=True)
    return {f"{pk.hex}/recording" for pk in found}


def old_folders(root: Path, *, age_s: float) -> Iterator[Path]:
    """Yield the folders to which nothing was written for so long."""
    if not root.is_dir():
        return
    before_s = time.time() - age_s
    for folder in root.iterdir():
        if folder.is_dir() and _last_written_s(folder) < before_s:
            yield folder


def _last_written_s(folder: Path) -> float:
    """Return when it was last written to; now for a folder that vanishes concurrently."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return time.time()
