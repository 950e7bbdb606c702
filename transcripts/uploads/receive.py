"""A part of an upload, from its head to the disk. Everything here blocks.

**Races.** Two requests may send the same upload: a client whose line was cut comes back while the
server still waits for the old connection. The newer one moves the row's `epoch` on, which the older
one notices within a second (`PartReceiver.check`) or at its next commit; and it waits for the lock
of the file, which the older one holds until it has closed it. `end_upload` deletes the row: the
next commit finds none.

An offset is acknowledged, in an answer or to HEAD, once the bytes before it are on the disk itself.
"""

import contextlib
import fcntl
import logging
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from accounts.principals import Principal
from billing.admission import Caller
from billing.quotas import return_anonymous_use
from stt_web.core import media_store
from stt_web.core.durable import sync_file
from stt_web.core.outages import StorageUnavailableError
from stt_web.core.upload_errors import StorageFullError, UploadTooLargeError
from stt_web.core.uploads import DISK_IS_FULL
from transcripts.media.errors import MediaError
from transcripts.media.sniff import find_foreign_kind
from transcripts.services.recordings import delete_recording
from transcripts.uploads.errors import (
    ChecksumError,
    OffsetError,
    TusError,
    UploadBytesLostError,
    UploadExpiredError,
    UploadLockedError,
    UploadNotFoundError,
    UploadTakenOverError,
)
from transcripts.uploads.headers import PartHead, read_part_head
from transcripts.uploads.models import ResumableUpload
from transcripts.uploads.parts import PartMissingError, fill, note_held, put_part

logger = logging.getLogger(__name__)

_LOCKED_WITHIN_S = 5.0
_LOCK_AGAIN_S = 0.05
# What a killed process may lose of what it had received, and not acknowledged.
_COMMIT_BYTES = 8 * 1024 * 1024
_COMMIT_S = 3.0
_HEAD_BYTES = 64
# A guest's, after the last byte. One that never had any is an answer that was lost on the way: its
# try is back soon. The longest bounds what a slow sender can hold of the disk.
_GUEST_WAITS = timedelta(hours=1)
_GUEST_BEGINS = timedelta(minutes=10)
_GUEST_LONGEST = timedelta(days=1)
# A part that the bucket lacks so long after it was read back from there.
_LOST_AFTER = timedelta(minutes=10)


def find_upload(principal: Principal, upload_id: uuid.UUID) -> ResumableUpload:
    """Return the account's upload, or the guest's who has its token. One query.

    Raises UploadNotFoundError.
    """
    uploads = ResumableUpload.objects.filter(pk=upload_id)
    if principal.user is not None:
        upload = uploads.filter(owner=principal.user).first()
    elif principal.guest_digest:
        own = uploads.filter(owner=None, guest_token_digest=principal.guest_digest)
        upload = own.first()
    else:
        upload = None
    if upload is None:
        raise UploadNotFoundError
    return upload


def get_upload(principal: Principal, upload_id: uuid.UUID) -> ResumableUpload:
    """The same, while it may go on. Raises UploadNotFoundError, UploadExpiredError. One query."""
    upload = find_upload(principal, upload_id)
    if upload.expires_at <= timezone.now() and not upload.is_over:
        is_lost = upload.error_code == UploadExpiredError.code  # `_end_lost`
        raise UploadExpiredError(upload.error_message if is_lost else "")
    return upload


def begin_part(
    caller: Caller, upload_id: uuid.UUID, headers: Mapping[str, str]
) -> "PartReceiver | CompleteWriter":
    """Return what takes the part's bytes. Raises ApiError: 404, 409, 410, 412, 413, 415, 423."""
    try:
        upload = get_upload(caller.principal, upload_id)
        head = read_part_head(headers)
        upload = _note_length(upload, head, limit_bytes=caller.limits.max_file_bytes)
        if upload.is_over or upload.is_complete:
            return CompleteWriter(upload, head)
        return PartReceiver(upload, head, limit_bytes=caller.limits.max_file_bytes)
    finally:
        close_old_connections()


def _note_length(upload: ResumableUpload, head: PartHead, *, limit_bytes: int) -> ResumableUpload:
    """Store the length where the client has named it only now."""
    if head.length is None or head.length == upload.length_bytes:
        return upload
    if upload.length_bytes is not None or head.length < upload.offset_bytes:
        raise TusError("Upload-Length is another than this upload has.")
    if limit_bytes and head.length > limit_bytes:
        raise UploadTooLargeError(limit_bytes)
    if head.length == upload.offset_bytes != head.offset:
        raise OffsetError(upload.offset_bytes)
    rows = ResumableUpload.objects.filter(pk=upload.pk, length_bytes=None)
    rows.filter(offset_bytes__lte=head.length).update(length_bytes=head.length)
    upload.refresh_from_db()
    return upload


class CompleteWriter:
    """Of an upload that is complete: an empty part at its end asks for its end again."""

    def __init__(self, upload: ResumableUpload, head: PartHead) -> None:
        if head.offset != upload.offset_bytes:
            raise OffsetError(upload.offset_bytes)

    def write(self, data: bytes) -> None:
        if data:
            raise TusError("This upload is complete.")

    def check(self) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class PartReceiver:
    """Holds the file's lock from its making until `close`."""

    def __init__(self, upload: ResumableUpload, head: PartHead, *, limit_bytes: int) -> None:
        self._upload = upload
        self._upload_id = upload.pk
        self._limit_bytes = upload.length_bytes or limit_bytes
        self._is_length_known = upload.length_bytes is not None
        ResumableUpload.objects.filter(pk=upload.pk).update(epoch=F("epoch") + 1)
        self._file = _open_locked(upload)
        try:
            upload.refresh_from_db()
            if head.offset != upload.offset_bytes:
                raise OffsetError(upload.offset_bytes)
            _fill(upload, self._file)
            refuse_shorter(upload)
            # What lies behind was never acknowledged: its process was killed.
            self._file.truncate(upload.offset_bytes)
            self._file.seek(upload.offset_bytes)
        except BaseException:
            self._file.close()
            raise
        self._path = upload.path
        self._epoch = upload.epoch
        self._offset = self._committed = upload.offset_bytes
        self._committed_s = time.monotonic()
        self._expected = head.digest
        self._hash = head.new_hash() if head.digest is not None else None
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._limit_bytes and self._offset + len(data) > self._limit_bytes:
            if self._is_length_known:
                raise TusError("More bytes came than the upload's length.")
            raise UploadTooLargeError(self._limit_bytes)
        self._sniff(data)
        try:
            self._file.write(data)
        except OSError as error:
            if error.errno in DISK_IS_FULL:
                raise StorageFullError from None
            raise
        self._offset += len(data)
        if self._hash is not None:
            self._hash.update(data)
        elif self._is_commit_due():
            self._commit()

    def check(self) -> None:
        try:
            if not self._rows().exists():
                raise UploadTakenOverError
        finally:
            close_old_connections()
        if self._hash is None:
            self._commit()

    def finish(self) -> None:
        if self._hash is not None and self._hash.digest() != self._expected:
            raise ChecksumError
        self._hash = None
        self._commit()

    def close(self) -> None:
        if self._file.closed:
            return
        try:
            if self._hash is None:  # else it did not arrive whole: nothing of it counts
                self._commit()
        except (UploadTakenOverError, StorageUnavailableError, OSError):
            logger.info("event=part_not_committed upload_id=%s", self._upload_id)
        finally:
            self._file.close()

    def _rows(self) -> Any:
        return ResumableUpload.objects.filter(pk=self._upload_id, epoch=self._epoch)

    def _is_commit_due(self) -> bool:
        is_much = self._offset - self._committed >= _COMMIT_BYTES
        return is_much or time.monotonic() - self._committed_s >= _COMMIT_S

    def _commit(self) -> None:
        """Write it to the disk itself (and the bucket), then acknowledge it.

        Raises UploadTakenOverError, StorageUnavailableError.
        """
        if self._offset == self._committed:
            return
        self._file.flush()
        sync_file(self._path)
        put_part(self._path, epoch=self._epoch, start=self._committed, end=self._offset)
        now = timezone.now()
        try:
            rows = self._rows().update(
                offset_bytes=self._offset,
                received_at=now,
                expires_at=next_expiry(self._upload, received_bytes=self._offset, now=now),
            )
        finally:
            close_old_connections()
        if not rows:
            raise UploadTakenOverError
        note_held(self._path, held=self._offset)
        self._committed, self._committed_s = self._offset, time.monotonic()

    def _sniff(self, data: bytes) -> None:
        """Refuse what is no recording by its first bytes, before the rest of it is sent."""
        if self._offset - len(self._head) or len(self._head) >= _HEAD_BYTES:
            return
        self._head = (self._head + data)[:_HEAD_BYTES]
        refusal = find_foreign_kind(self._head) if len(self._head) == _HEAD_BYTES else None
        if refusal is not None:
            refuse_for_good(self._upload, refusal)
            raise refusal


def refuse_for_good(upload: ResumableUpload, error: MediaError) -> None:
    """Store why it becomes no transcript, give a guest's try back, delete what of it is here."""
    with transaction.atomic():
        open_rows = ResumableUpload.objects.filter(transcript_id=None, is_refused=False)
        if open_rows.filter(pk=upload.pk).update(
            is_refused=True, error_code=error.code, error_message=error.message[:500]
        ):
            return_try(upload)
    close_old_connections()
    delete_recording(f"{upload.pk.hex}/recording")


def return_try(upload: ResumableUpload) -> None:
    """Of a guest's upload that becomes no transcript: call it once, where that is decided."""
    if upload.guest_address_digest:
        return_anonymous_use(upload.guest_address_digest, counted_at=upload.created_at)


def next_expiry(upload: ResumableUpload, *, received_bytes: int, now: datetime) -> datetime:
    """Return until when an upload may go on of which nothing more comes from `now` on."""
    if upload.owner_id is not None:
        return now + timedelta(hours=settings.UPLOAD_HOURS)
    waits = _GUEST_WAITS if received_bytes else _GUEST_BEGINS
    return min(now + waits, upload.created_at + _GUEST_LONGEST)


def fetch_whole(upload: ResumableUpload) -> None:
    """Have all committed bytes on this machine.

    Raises UploadLockedError, UploadBytesLostError, StorageUnavailableError.
    """
    if media_store.is_remote():
        with contextlib.closing(_open_locked(upload)) as file:
            _fill(upload, file)


def _fill(upload: ResumableUpload, file: BinaryIO) -> None:
    """Raises UploadBytesLostError where the bucket has lacked a part for long, which is no moment's
    disagreement of its servers; StorageUnavailableError."""
    try:
        fill(upload.path, file, until=upload.offset_bytes)
    except PartMissingError:
        if upload.received_at > timezone.now() - _LOST_AFTER:
            raise
        raise _end_lost(upload) from None


def refuse_shorter(upload: ResumableUpload) -> None:
    """End an upload of whose committed bytes this machine lacks some: its folder was emptied, or
    restored from an older backup. What is lost can't be made up by zeros; the client starts again.

    Raises UploadBytesLostError.
    """
    if upload.path.stat().st_size < upload.offset_bytes:
        raise _end_lost(upload)


def _end_lost(upload: ResumableUpload) -> UploadBytesLostError:
    error = UploadBytesLostError()
    logger.error("event=upload_bytes_lost upload_id=%s of=%d", upload.pk, upload.offset_bytes)
    open_rows = ResumableUpload.objects.filter(transcript_id=None, is_refused=False)
    open_rows.filter(pk=upload.pk).update(
        expires_at=timezone.now(), error_code=error.code, error_message=error.message
    )
    return error


def _open_locked(upload: ResumableUpload) -> Any:
    """Open the file once the part before has let go of it. Raises UploadLockedError."""
    if media_store.is_remote():  # it may have begun on another machine
        upload.path.parent.mkdir(parents=True, exist_ok=True)
        upload.path.touch()
    try:
        file = upload.path.open("r+b")
    except FileNotFoundError:
        raise UploadNotFoundError from None
    deadline = time.monotonic() + _LOCKED_WITHIN_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                raise UploadLockedError from None
            time.sleep(_LOCK_AGAIN_S)
        else:
            return file
