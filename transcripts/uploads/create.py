"""An upload's beginning and its early end: all that can be refused before the first byte."""

import logging
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.authentication import hold_open
from accounts.guest_tokens import make_guest_token
from accounts.models import User
from accounts.principals import Principal
from billing.ledger import NoCreditsError, read_balance
from billing.quotas import Limits, account_for, count_anonymous_use
from stt_web.core.durable import sync_new_file
from stt_web.core.upload_errors import StorageFullError, UploadTooLargeError
from transcripts.models.transcript import Source
from transcripts.options import TranscriptionOptions
from transcripts.services.note_templates import check_processing
from transcripts.services.recordings import delete_recording
from transcripts.uploads.errors import (
    TooManyUploadsError,
    UploadLockedError,
)
from transcripts.uploads.headers import file_name_of, read_length, read_metadata
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.receive import find_upload, next_expiry, return_try

logger = logging.getLogger(__name__)

# What stays free of the disk: the database and the journals of live sessions are on it, too.
_RESERVE_BYTES = 200 * 1024 * 1024
_NOT_OPTIONS = ("filename", "name", "filetype", "type")


@dataclass(frozen=True)
class CreatedUpload:
    """`guest_token`: a guest's, this once; it opens the upload, and its transcript after that."""

    upload: ResumableUpload
    guest_token: str = ""


def create_upload(
    user: User | None,
    headers: Mapping[str, str],
    *,
    limits: Limits,
    source: Source,
    address: str = "",
) -> CreatedUpload:
    """Return a new, empty upload. `headers`: tus's, by their names in lower case. `user` None: a
    guest at `address`, whose use of the day counts from here on.

    Raises TusError, InvalidOptionError and its kin (400), NoCreditsError (402),
    UploadTooLargeError (413), TooManyUploadsError, AnonymousLimitError (429), StorageFullError
    (503).
    """
    length = read_length(headers)
    metadata = read_metadata(headers.get("upload-metadata", ""))
    fields = {name: value for name, value in metadata.items() if name not in _NOT_OPTIONS}
    check_processing(TranscriptionOptions.parse(fields), user)
    if limits.max_file_bytes and (length or 0) > limits.max_file_bytes:
        raise UploadTooLargeError(limits.max_file_bytes)
    if user is not None:
        check_balance(user)
    _check_disk(length or 0, is_guest=user is None)
    now = timezone.now()
    token, token_digest = ("", "") if user is not None else make_guest_token()
    upload = ResumableUpload(
        owner=user,
        guest_token_digest=token_digest,
        file_name=file_name_of(metadata),
        fields=fields,
        source=source,
        length_bytes=length,
        created_at=now,
        received_at=now,
    )
    upload.expires_at = next_expiry(upload, received_bytes=0, now=now)
    _make_file(upload.path)
    try:
        if user is not None:
            _insert(upload, user)
        else:
            _insert_guest(upload, address)
    except BaseException:
        delete_recording(f"{upload.pk.hex}/recording")
        raise
    logger.info("event=upload_created upload_id=%s length_bytes=%s", upload.pk, length)
    return CreatedUpload(upload, token)


@transaction.atomic
def _insert(upload: ResumableUpload, user: User) -> None:
    """Raises TooManyUploadsError; AuthenticationError where the account was closed since."""
    hold_open(user)  # of those that come together, one counts after the other
    if _unfinished().filter(owner=user).count() >= settings.MAX_OPEN_UPLOADS:
        raise TooManyUploadsError(settings.MAX_OPEN_UPLOADS)
    upload.save(force_insert=True)


@transaction.atomic
def _insert_guest(upload: ResumableUpload, address: str) -> None:
    """Raises AnonymousLimitError: a try that is under way counts, so the day's share bounds the
    uploads of an address, too."""
    upload.guest_address_digest = count_anonymous_use(address, now=upload.created_at)
    upload.save(force_insert=True)


def check_balance(user: User) -> None:
    """Raise NoCreditsError where not even a minute can be transcribed. Three queries."""
    balance = read_balance(account_for(user))
    if balance.is_metered and balance.spendable < 1:
        raise NoCreditsError(
            "Your account has no minutes left this month, and no credits.",
            extra={"credits": 0, "minutes_left": 0, "minutes_needed": 1},
        )


def end_upload(principal: Principal, upload_id: uuid.UUID) -> None:
    """Delete it and what of it is here; of one that became a transcript, only the memory of it.

    Raises UploadNotFoundError. A part that is being received ends at its next commit.
    """
    delete_upload(find_upload(principal, upload_id))


def delete_upload(upload: ResumableUpload) -> None:
    """Delete the row and, unless a transcript has it, the file; a guest's try of which nothing came
    is given back. The row first: a part that comes concurrently finds no upload, and
    `purge_orphans` finds the folder.

    Raises UploadLockedError while its transcript is being made: the file would be lost under it;
    and where `refuse_for_good` came first, which has given the try back.
    """
    is_free = Q(submitting_until=None) | Q(submitting_until__lt=timezone.now())
    rows = ResumableUpload.objects.filter(is_free, pk=upload.pk, transcript_id=upload.transcript_id)
    with transaction.atomic():
        deleted, _ = rows.filter(is_refused=upload.is_refused).delete()
        if deleted and not upload.is_over:
            return_try(upload)
    if not deleted and ResumableUpload.objects.filter(pk=upload.pk).exists():
        raise UploadLockedError
    if deleted and upload.transcript_id is None:
        delete_recording(f"{upload.pk.hex}/recording")


def _unfinished() -> QuerySet[ResumableUpload]:
    return ResumableUpload.objects.filter(transcript_id=None, is_refused=False)


def _check_disk(length: int, *, is_guest: bool) -> None:
    """Count what is still to come of all uploads, too; for an account, of accounts' only: guests
    need nothing but addresses to announce what never comes. One query."""
    to_come = _unfinished().exclude(length_bytes=None)
    if not is_guest:
        to_come = to_come.exclude(owner=None)
    missing = to_come.aggregate(
        total=Coalesce(Sum(F("length_bytes") - F("offset_bytes")), Value(0))
    )["total"]
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.MEDIA_ROOT).free
    if free - int(missing) - length < _RESERVE_BYTES:
        raise StorageFullError


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch(exist_ok=False)
    sync_new_file(path)
