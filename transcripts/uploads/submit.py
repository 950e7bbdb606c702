"""From the last byte of an upload to its transcript; and what is done where no one asks any more.

**Races.** The request with the last part, one that asks again, and the sweeper may want to submit
at once: `submitting_until` is taken by compare-and-set, and runs out where its process died. The
transcript's commit and the row's `transcript_id` are two steps: a process that dies between them
leaves a recording that `_adopt` finds by its path.
"""

import hashlib
import logging
from datetime import timedelta
from functools import partial

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from billing.quotas import Limits, limits_for
from stt_web.core.background import run_guarded
from stt_web.core.errors import ApiError
from stt_web.core.uploads import Upload
from transcripts.jobs.guest_tries import GuestTry
from transcripts.jobs.submit import Submission, submit_recording
from transcripts.media.errors import MediaError
from transcripts.models import Recording, Source, Transcript
from transcripts.options import TranscriptionOptions
from transcripts.uploads.create import delete_upload
from transcripts.uploads.errors import UploadLockedError
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.parts import delete_parts
from transcripts.uploads.receive import fetch_whole, refuse_for_good, refuse_shorter

logger = logging.getLogger(__name__)

_SUBMITTING = timedelta(minutes=2)
_HASH_BYTES = 1024 * 1024
_BATCH_ROWS = 50
# A recording whose page was closed ends here; its sender sends something every few seconds.
_ABANDONED_AFTER = timedelta(minutes=15)
_RETRY_AFTER = timedelta(minutes=1)


async def submit_upload(upload: ResumableUpload, *, address: str) -> ResumableUpload:
    """Make the transcript of a complete upload, once; return the row as it is then.

    Raises ApiError, as `submit_recording` does; the recording stays for another try unless the
    fault is its own.
    """
    if upload.is_over or not await sync_to_async(_take)(upload):
        return upload
    try:
        await _submit(upload, address=address)
    except MediaError as error:
        await sync_to_async(refuse_for_good)(upload, error)
        raise
    except ApiError as error:
        await sync_to_async(_note_failure)(upload, error)
        raise
    return upload


async def _submit(upload: ResumableUpload, *, address: str) -> None:
    sha256 = await sync_to_async(_digest, thread_sensitive=False)(upload)
    user, limits = await sync_to_async(_read_owner)(upload)
    guest_try = GuestTry(
        token_digest=upload.guest_token_digest,
        address_digest=upload.guest_address_digest,
        counted_at=upload.created_at,
    )
    recording = Upload(
        path=upload.path,
        file_name=upload.file_name,
        size=upload.offset_bytes,
        sha256=sha256,
        fields=upload.fields,
    )
    submitted = await submit_recording(
        Submission(
            user=user,
            address=address,
            limits=limits,
            upload=recording,
            options=TranscriptionOptions.parse(upload.fields),
            is_async=True,
            source=Source(upload.source),
            guest_try=guest_try if user is None else None,
        )
    )
    await sync_to_async(_link)(upload, submitted.transcript)


def _read_owner(upload: ResumableUpload) -> tuple[User | None, Limits]:
    user = User.objects.get(pk=upload.owner_id) if upload.owner_id is not None else None
    return user, limits_for(user)


def _take(upload: ResumableUpload) -> bool:
    """Whether this process is the one that submits; else the row is read again.

    Raises UploadLockedError where another does at this moment.
    """
    now = timezone.now()
    is_free = Q(submitting_until=None) | Q(submitting_until__lt=now)
    rows = ResumableUpload.objects.filter(
        is_free, pk=upload.pk, transcript_id=None, is_refused=False
    )
    is_taken = rows.update(submitting_until=now + _SUBMITTING, error_code="", error_message="")
    upload.refresh_from_db()
    if is_taken and (transcript := _adopted(upload)) is not None:
        _link(upload, transcript)
        return False
    if not is_taken and not upload.is_over:
        raise UploadLockedError
    return bool(is_taken)


def _adopted(upload: ResumableUpload) -> Transcript | None:
    path = str(upload.path.relative_to(settings.MEDIA_ROOT))
    recording = Recording.objects.filter(path=path).first()
    return None if recording is None else Transcript.objects.filter(recording=recording).first()


def _link(upload: ResumableUpload, transcript: Transcript) -> None:
    upload.transcript_id = transcript.pk
    ResumableUpload.objects.filter(pk=upload.pk).update(
        transcript_id=transcript.pk, submitting_until=None, error_code="", error_message=""
    )
    delete_parts(upload.path)
    logger.info("event=upload_submitted upload_id=%s transcript_id=%s", upload.pk, transcript.pk)


def _note_failure(upload: ResumableUpload, error: ApiError) -> None:
    upload.error_code, upload.error_message = error.code, error.message[:500]
    ResumableUpload.objects.filter(pk=upload.pk).update(
        error_code=upload.error_code,
        error_message=upload.error_message,
        submitting_until=None,
    )


def _digest(upload: ResumableUpload) -> str:
    fetch_whole(upload)
    refuse_shorter(upload)
    digest = hashlib.sha256()
    with upload.path.open("rb") as file:
        while chunk := file.read(_HASH_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


# ---- for whom no one asks any more: called by the sweeper


def sweep_uploads() -> None:
    """End recordings whose page was closed, and submit what is complete and was not.

    Two queries where there is nothing.
    """
    now = timezone.now()
    rows = ResumableUpload.objects.filter(transcript_id=None, is_refused=False)
    # What a person recorded is never dropped: it ends where the page was closed.
    rows.filter(
        length_bytes=None, offset_bytes__gt=0, received_at__lt=now - _ABANDONED_AFTER
    ).update(length_bytes=F("offset_bytes"))
    complete = rows.filter(
        offset_bytes__gte=F("length_bytes"), received_at__lt=now - _RETRY_AFTER
    ).filter(Q(submitting_until=None) | Q(submitting_until__lt=now))
    waiting = complete.exclude(error_code="no_credits").order_by("received_at")
    for upload in waiting[:_BATCH_ROWS]:
        run_guarded(partial(_submit_late, upload), name="sweep-uploads")


def _submit_late(upload: ResumableUpload) -> None:
    try:
        async_to_sync(submit_upload)(upload, address="")
    except ApiError as error:
        logger.info("event=upload_waits upload_id=%s code=%s", upload.pk, error.code)


def purge_uploads() -> None:
    """Delete uploads of which nothing more came, with their files; and old memories of others."""
    expired = ResumableUpload.objects.filter(expires_at__lt=timezone.now())
    for upload in expired[: 10 * _BATCH_ROWS]:
        run_guarded(partial(delete_upload, upload), name="purge-uploads")
        if upload.transcript_id is None:
            logger.info("event=upload_expired upload_id=%s", upload.pk)
