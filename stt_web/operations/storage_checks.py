"""The check of the bucket that recordings lie in: reached, ours to write, and of the same time."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from stt_web.operations.findings import Diagnosis, failure, ok, warning

_SUBJECT = "storage"
_PROBE = "doctor-probe"
# Servers refuse a signature whose time is 15 minutes off; addresses that we sign last 5 by default.
_MAY_DIFFER_S, _TOO_FAR_S = 30.0, 600.0
# By what the protocol calls it, what to do.
_CURES = {
    "404": "Create the bucket, or set STT_S3_BUCKET to the one that there is.",
    "NoSuchBucket": "Create the bucket, or set STT_S3_BUCKET to the one that there is.",
    "403": "Give the key s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there.",
    "AccessDenied": "Give the key s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject.",
    "InvalidAccessKeyId": "Set STT_S3_ACCESS_KEY to a key that the server knows.",
    "SignatureDoesNotMatch": "Set STT_S3_SECRET_KEY to the secret of STT_S3_ACCESS_KEY.",
    "RequestTimeTooSkewed": "Run NTP on this machine and on the storage's.",
    "301": "Set STT_S3_REGION to the bucket's region.",
    "PermanentRedirect": "Set STT_S3_REGION to the bucket's region.",
    "NoCredentialsError": "Set STT_S3_ACCESS_KEY and STT_S3_SECRET_KEY.",
}
_ANY_CURE = "See STT_S3_ENDPOINT, and whether it runs and is reached from here."


def check_storage() -> Iterator[Diagnosis]:
    """Write, read and delete an object in the bucket; nothing where there is none."""
    if not media_store.is_remote():
        return
    try:
        clock = media_store.open_bucket().read_clock()
        _write_and_read()
    except StorageUnavailableError as error:
        reason = _reason_of(error)
        sentence = f"The bucket can't be used{f': {reason}' if reason else ''}."
        yield failure(_SUBJECT, sentence, _CURES.get(reason, _ANY_CURE))
        return
    yield ok(_SUBJECT, "An object was written to the bucket, read and deleted.")
    yield from judge_skew(abs((datetime.now(UTC) - clock).total_seconds()))


def judge_skew(skew_s: float) -> Iterator[Diagnosis]:
    """Requests and addresses are signed with this machine's time."""
    sentence = f"This machine's clock and the storage's differ by {skew_s:.0f} s."
    cure = "Run NTP on both: beyond 15 minutes the storage refuses every request."
    if skew_s > _TOO_FAR_S:
        yield failure(_SUBJECT, sentence, cure)
    elif skew_s > _MAY_DIFFER_S:
        yield warning(_SUBJECT, sentence, cure)


def _write_and_read() -> None:
    bucket = media_store.open_bucket()
    folder, content = f"{_PROBE}/{secrets.token_hex(8)}", secrets.token_bytes(32)
    key = f"{folder}/object"
    try:
        bucket.put_bytes(key, content)
        if bucket.read(key)[0] != content:
            raise bucket.distrust(key, "digest")
    except FileNotFoundError:
        raise bucket.distrust(key, "not_there") from None
    finally:
        bucket.delete_below(folder)  # as recordings are: it lists, and deletes what it found
    if bucket.find(key) is not None:
        raise bucket.distrust(key, "not_deleted")


def _reason_of(error: StorageUnavailableError) -> str:
    """The protocol's code, or the kind of the client's error: never its message."""
    cause = error.__cause__
    if cause is None:
        return ""
    response = getattr(cause, "response", None) or {}
    return str(response.get("Error", {}).get("Code", "")) or type(cause).__name__
