"""One bucket of the S3 protocol: objects by key, each with its own SHA-256 in its metadata.

What a server answers is not taken on trust: after a write its size and digest are read back, and
what is read whole must have the digest that it was written with. A server that is away, refuses us
or answers with other bytes is one thing for the product: StorageUnavailableError (503). For
`pause_s` after it was away every call fails at once, and then all but one, which tries.

    ObjectNotFoundError        the bucket answers, and has no such object
    StorageUnavailableError    anything else that is not an answer
"""

import fcntl
import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from boto3.exceptions import Boto3Error, S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from stt_web.core.media_store.errors import ObjectNotFoundError
from stt_web.core.media_store.storage import MediaStorage
from stt_web.core.metrics import count_error
from stt_web.core.outages import StorageUnavailableError

logger = logging.getLogger(__name__)

_DIGEST: Final = "sha256"  # the metadata's name
_BINARY: Final = "application/octet-stream"
_CHUNK_BYTES: Final = 1024 * 1024
_RECEIVED_BYTES: Final = 64 * 1024  # a read returns once it has all; then the pace is looked at
_MISSING: Final = frozenset(("404", "NoSuchKey", "NotFound"))
_OVERLOADED: Final = frozenset(("SlowDown", "429", "TooManyRequests"))
# A download at less than this, after `patience_s`, is given up: a job's lease waits for it.
_SLOWEST_BYTES_A_S: Final = 100_000
_TRUST_BUCKET_S: Final = 30.0
_MOST_DELETED: Final = 1000  # of one call: the protocol's
_TRANSFER: Final = TransferConfig(
    multipart_threshold=32 * 1024 * 1024, multipart_chunksize=32 * 1024 * 1024, max_concurrency=4
)


@dataclass(frozen=True)
class StoredObject:
    """`age_s`: since it was written, by the server's own clock."""

    key: str
    size: int
    sha256: str
    age_s: float


class ObjectReader:
    """An object's bytes, as they arrive; where all of them are read, they are checked at the end.

    Raises StorageUnavailableError from `read`.
    """

    def __init__(self, bucket: "MediaBucket", key: str, body: Any, *, sha256: str) -> None:
        self._bucket = bucket
        self._key = key
        self._body = body
        self._sha256 = sha256
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        with self._bucket.answering("read", is_begun=True):
            data: bytes = self._body.read(size)
        if self._sha256:
            self._digest.update(data)
            if not data and self._digest.hexdigest() != self._sha256:
                raise self._bucket.distrust(self._key, "digest")
        return data

    def close(self) -> None:
        self._body.close()


class MediaBucket:
    def __init__(self, storage: MediaStorage) -> None:
        self.storage = storage
        self.name: str = storage.bucket_name
        # Threads may share a client, but not the resource that django-storages makes for each.
        self.client: Any = storage.connection.meta.client
        self._prefix = f"{location}/" if (location := storage.location.strip("/")) else ""
        # What is asked first, by a request that a person waits for: an answer is a few bytes.
        self._quick: Any = storage.make_quick_client()
        self._lock = threading.Lock()
        self._is_away = False
        self._away_until_s = 0.0
        self._found_at_s = -_TRUST_BUCKET_S

    # ---- writing

    def put_file(self, key: str, path: Path) -> None:
        """Store the file; it is there, whole, when this returns. Raises OSError of the file."""
        digest, size = _digest_of(path)
        with self.answering("put"):
            self.client.upload_file(
                str(path),
                self.name,
                self._prefix + key,
                ExtraArgs={
                    "Metadata": {_DIGEST: digest},
                    "ContentType": _BINARY,
                },
                Config=_TRANSFER,
            )
        self._check_written(key, size=size, sha256=digest)

    def put_bytes(self, key: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        with self.answering("put"):
            self.client.put_object(
                Bucket=self.name,
                Key=self._prefix + key,
                Body=content,
                Metadata={_DIGEST: digest},
                ContentType=_BINARY,
            )
        self._check_written(key, size=len(content), sha256=digest)

    def _check_written(self, key: str, *, size: int, sha256: str) -> None:
        found = self.find(key)
        if found is None:
            raise self.distrust(key, "not_there")
        if (found.size, found.sha256) != (size, sha256):
            raise self.distrust(key, "not_as_sent")

    # ---- reading

    def find(self, key: str) -> StoredObject | None:
        """Return what is known of an object; None where there is none."""
        try:
            with self.answering("head"):
                answer = self._quick.head_object(Bucket=self.name, Key=self._prefix + key)
        except FileNotFoundError:
            self._check_bucket()
            return None
        return self._describe(key, answer)

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectReader:
        """Raises FileNotFoundError. `length` None: all of it, which is then checked."""
        wanted = {} if length is None else {"Range": f"bytes={start}-{start + length - 1}"}
        try:
            with self.answering("get"):
                answer = self.client.get_object(Bucket=self.name, Key=self._prefix + key, **wanted)
        except FileNotFoundError:
            self._check_bucket()
            raise
        found = self._describe(key, answer)
        if length is not None and found.size != length:
            answer["Body"].close()
            raise self.distrust(key, "range")
        sha256 = found.sha256 if length is None else ""
        return ObjectReader(self, key, answer["Body"], sha256=sha256)

    def read(self, key: str) -> tuple[bytes, StoredObject]:
        """Return a small object whole. Raises FileNotFoundError."""
        with self.answering("get"):
            answer = self.client.get_object(Bucket=self.name, Key=self._prefix + key)
            content: bytes = answer["Body"].read()
        found = self._describe(key, answer)
        if found.sha256 != hashlib.sha256(content).hexdigest():
            raise self.distrust(key, "digest")
        return content, found

    def download(self, key: str, target: Path) -> None:
        """Make `target` the object, whole or not at all; of several at once, one downloads.

        Raises FileNotFoundError, OSError of the disk.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _locked_partial(target) as file:
                if target.exists():  # while this waited for the lock
                    return
                file.truncate(0)
                self._receive(key, file)
                os.replace(file.name, target)
        except BaseException:
            with suppress(OSError):
                target.parent.rmdir()  # where this made it, and it has nothing else
            raise

    def _receive(self, key: str, file: BinaryIO) -> None:
        began_s = time.monotonic()
        reader = self.open(key)
        received = 0
        try:
            while chunk := reader.read(_RECEIVED_BYTES):
                file.write(chunk)
                received += len(chunk)
                took_s = time.monotonic() - began_s
                if took_s > self.storage.patience_s + received / _SLOWEST_BYTES_A_S:
                    raise self.distrust(key, "too_slow")
        finally:
            reader.close()
        file.flush()
        os.fsync(file.fileno())  # else a power cut could leave its name on an empty file

    def list_below(self, folder: str = "") -> Iterator[StoredObject]:
        """Yield the objects of a folder and of those below it; a request for a thousand."""
        pages = self.client.get_paginator("list_objects_v2")
        prefix = self._prefix + (f"{folder}/" if folder else "")
        found = iter(pages.paginate(Bucket=self.name, Prefix=prefix))
        while True:
            with self.answering("list"):
                page = next(found, None)
            if page is None:
                return
            now = _clock_of(page)
            for each in page.get("Contents", ()):
                age_s = (now - each["LastModified"]).total_seconds()
                key = each["Key"].removeprefix(self._prefix)
                yield StoredObject(key, each["Size"], "", age_s)

    def sign_url(self, key: str, *, lasts_s: int, mime: str, disposition: str) -> str:
        """Return an address that reads this object for so long, whoever has it. No request."""
        wanted = {
            "Bucket": self.name,
            "Key": self._prefix + key,
            "ResponseContentType": mime,
            "ResponseCacheControl": "private, no-store",
        }
        if disposition:
            wanted["ResponseContentDisposition"] = disposition
        try:
            address: str = self.client.generate_presigned_url(
                "get_object", Params=wanted, ExpiresIn=lasts_s
            )
        except BotoCoreError as error:
            raise self._note_refusal("sign", error, "") from error
        return address

    # ---- deleting

    def delete(self, key: str) -> None:
        """Idempotent."""
        with suppress(FileNotFoundError), self.answering("delete"):
            self.client.delete_object(Bucket=self.name, Key=self._prefix + key)

    def delete_below(self, folder: str) -> int:
        """Delete a folder's objects; return how many there were. Idempotent."""
        keys = [each.key for each in self.list_below(folder)]
        for start in range(0, len(keys), _MOST_DELETED):
            batch = [{"Key": self._prefix + key} for key in keys[start : start + _MOST_DELETED]]
            if not self._delete_at_once(batch):
                for key in keys[start : start + _MOST_DELETED]:
                    self.delete(key)
        return len(keys)

    def _delete_at_once(self, batch: list[dict[str, str]]) -> bool:
        """False where the server knows no such request, or refused some of it."""
        with self.answering("delete"):
            try:
                answer = self.client.delete_objects(
                    Bucket=self.name, Delete={"Objects": batch, "Quiet": True}
                )
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                    raise
                return False
        return not answer.get("Errors")

    # ---- whether it answers

    def read_clock(self) -> datetime:
        """Ask whether the bucket is there and ours; return what time its server has."""
        with self.answering("bucket", is_bucket=True):
            return _clock_of(self._quick.head_bucket(Bucket=self.name))

    def _check_bucket(self) -> None:
        """Nothing found: because there is none, or because the bucket itself is not there?"""
        if time.monotonic() - self._found_at_s > _TRUST_BUCKET_S:
            self.read_clock()
            self._found_at_s = time.monotonic()

    @contextmanager
    def answering(
        self, operation: str, *, is_bucket: bool = False, is_begun: bool = False
    ) -> Iterator[None]:
        """Raise in our terms what the client raises. `is_begun`: of an answer that is arriving, and
        goes on to while the bucket doesn't answer others."""
        if not is_begun:
            self._check_turn()
        try:
            yield
        except (ClientError, BotoCoreError, Boto3Error, ResponseParserError) as error:
            answered = _answer_behind(error)
            if answered is None:
                self._note_away()
                raise self._note_refusal(operation, error, "") from error
            code = str(answered.response.get("Error", {}).get("Code", ""))
            self._note_answer(answered)
            if code in _MISSING and not is_bucket:
                raise ObjectNotFoundError(operation) from None
            raise self._note_refusal(operation, answered, code) from answered
        if not is_begun:
            self._note_answer()

    def _check_turn(self) -> None:
        """Raise while it is away. Once the pause is over one call tries, and the others go on
        failing at once until it has an answer."""
        with self._lock:
            now = time.monotonic()
            if now < self._away_until_s:
                raise StorageUnavailableError
            if self._is_away:
                self._away_until_s = now + self.storage.pause_s

    def _note_answer(self, error: ClientError | None = None) -> None:
        """It answered, though it may have refused; not by what a server answers in trouble."""
        answer = {} if error is None else error.response
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200))
        if status >= 500 or answer.get("Error", {}).get("Code") in _OVERLOADED:
            self._note_away()
            return
        with self._lock:
            self._is_away, self._away_until_s = False, 0.0

    def _note_away(self) -> None:
        with self._lock:
            self._is_away = True
            self._away_until_s = time.monotonic() + self.storage.pause_s

    def _note_refusal(self, operation: str, error: Exception, code: str) -> StorageUnavailableError:
        """Of the error its kind only: its message may quote an address or a key's name."""
        kind = type(error).__name__
        logger.error("event=storage_away operation=%s error=%s code=%s", operation, kind, code)
        count_error("storage", code or kind)
        return StorageUnavailableError()

    def distrust(self, key: str, reason: str) -> StorageUnavailableError:
        """It answered, but not with what it was given."""
        logger.error("event=storage_wrong key=%s reason=%s", key, reason)
        count_error("storage", reason)
        return StorageUnavailableError()

    def _describe(self, key: str, answer: dict[str, Any]) -> StoredObject:
        age_s = (_clock_of(answer) - answer["LastModified"]).total_seconds()
        sha256 = answer.get("Metadata", {}).get(_DIGEST, "")
        return StoredObject(key, answer["ContentLength"], sha256, age_s)


def _answer_behind(error: Exception) -> ClientError | None:
    """Return what the server answered; None where it didn't. `upload_file` wraps it."""
    if isinstance(error, S3UploadFailedError):
        error = error.__context__ if isinstance(error.__context__, ClientError) else error
    return error if isinstance(error, ClientError) else None


def _clock_of(answer: dict[str, Any]) -> datetime:
    """Return the time of an answer by its server's clock, which its objects' times are by, too."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


def _digest_of(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


@contextmanager
def _locked_partial(target: Path) -> Iterator[Any]:
    """Open what `target` is downloaded to, alone on this machine; removed unless it was renamed.

    Race: another one's download may have failed and removed the file that this waited for, or
    renamed it: then it is opened again.
    """
    partial = target.with_name(f".{target.name}.partial")
    while True:
        with partial.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.fstat(file.fileno()).st_ino != partial.stat().st_ino:
                    continue
            if not partial.exists() and not target.exists():
                continue
            try:
                yield file
            finally:
                partial.unlink(missing_ok=True)
            return
