"""One upload on disk, and who deletes it.

Pure and synchronous. A folder an upload, because a hostile file may name its neighbours.
`core.upload_reader` makes it out of a request's body.

    UploadError (ApiError, 400)    malformed_upload, missing_file, too_many_fields
    ├── UploadTooLargeError 413    file_too_large, with the limit
    └── StorageFullError 503       storage_full
    StorageUnavailableError 503    storage_unavailable: the bucket is away
"""

import errno
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from stt_web.core import media_store
from stt_web.core.durable import sync_new_file
from stt_web.core.upload_errors import StorageFullError, UploadLostError

DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass
class Upload:
    """A recording on disk, and the form's other fields. Deleted unless it is stored.

    **Race.** A client that hangs up ends the request (`_take_upload`) while a thread of it
    still admits the recording (`submit.admit_recording`). Of storing and deleting, the one that
    comes first decides, under one lock: the writer of the path stores the file before the commit.
    """

    path: Path  # <media root>/<id>/recording
    file_name: str  # as the client called it: text to show, never a path
    size: int  # bytes
    sha256: str
    fields: dict[str, str]
    has_file: bool = True  # False: the form may come without one, and did
    lists: dict[str, list[str]] = field(default_factory=dict)  # of fields sent as `name[]`, by name
    is_retained: bool = False
    _is_put: bool = False  # or may be: in the bucket, where there is one
    _is_over: bool = False  # the request has ended, or nothing more is needed of the file
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def of_url(cls, url: str) -> Self:
        """Return one that isn't here: a worker fetches it from its address."""
        path = Path("none") / "recording"
        return cls(path=path, file_name="", size=0, sha256="", fields={"url": url}, has_file=False)

    def sync(self) -> None:
        """Write it to the disk itself, and store it, before a commit accepts it: a power cut may
        follow. Blocks.

        Raises StorageFullError, StorageUnavailableError, UploadLostError where the request has
        ended.
        """
        try:
            sync_new_file(self.path)
            self._is_put = True
            media_store.put(self.path)
        except FileNotFoundError:
            raise UploadLostError from None
        except OSError as error:
            if error.errno in DISK_IS_FULL:
                raise StorageFullError from None
            raise

    def retain(self) -> None:
        """Take the file over: the ingest won't delete it when the request is over.

        Raises UploadLostError where it was deleted already.
        """
        with self._lock:
            if self._is_over:
                raise UploadLostError
            self.is_retained = True

    def end(self) -> None:
        """The request is over: delete the file unless it is stored."""
        with self._lock:
            self._is_over = True
            is_retained = self.is_retained
        if not is_retained:
            self._delete()

    def remove(self) -> None:
        """Delete it: no one will store it."""
        with self._lock:
            self._is_over, self.is_retained = True, False
        self._delete()

    def _delete(self) -> None:
        if not self.has_file:
            return
        if self._is_put:
            media_store.delete_folder(self.path.parent)
        else:
            shutil.rmtree(self.path.parent, ignore_errors=True)
