"""An operator's own mirror: plain files behind one base URL, fetched by range.

A download that breaks off goes on where it stopped, in this call and in the next one. The file's
hash, checked by the caller, decides whether the parts belong together.
"""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from inference_service.catalog.entries import CatalogueModel, WeightFile
from inference_service.catalog.sources.progress import Progress
from inference_service.catalog.sources.source import Report, SourceError

_SILENCE_S = 20.0  # without a byte, the connection counts as broken
_TRIES = 4
_CHUNK_BYTES = 1 << 20
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class MirrorSource:
    """`url/MODEL/FILE`, over http or https (or file:)."""

    url: str

    @property
    def name(self) -> str:
        return f"the mirror {self.url}"

    def fetch(self, model: CatalogueModel, folder: Path, *, report: Report) -> None:
        for file in model.files:
            address = f"{self.url.rstrip('/')}/{model.id}/{urllib.parse.quote(file.name)}"
            _fetch_file(address, file, folder / file.name, report=report)


def _fetch_file(address: str, file: WeightFile, path: Path, *, report: Report) -> None:
    """Bring the file to its full length. Raises SourceError."""
    progress = Progress(file.name, report=report, total_bytes=file.size_bytes)
    for tries_left in reversed(range(_TRIES)):
        have_bytes = path.stat().st_size if path.exists() else 0
        if have_bytes >= file.size_bytes:
            return
        report(f"Fetching {file.name} ({_describe_rest(file, have_bytes)}).")
        try:
            _fetch_rest(address, file, path, have_bytes=have_bytes, progress=progress)
        except urllib.error.HTTPError as error:
            if error.code == _RANGE_NOT_SATISFIABLE:
                path.unlink(missing_ok=True)
                continue
            raise SourceError(f"{address} answers {error.code}.") from error
        except (OSError, http.client.HTTPException) as error:
            if not tries_left or not _has_grown(path, have_bytes):
                reason = getattr(error, "reason", error) or type(error).__name__
                raise SourceError(f"{address} could not be fetched ({reason}).") from error
    if not path.exists() or path.stat().st_size < file.size_bytes:
        raise SourceError(f"{address} broke off {_TRIES} times.")


def _fetch_rest(
    address: str, file: WeightFile, path: Path, *, have_bytes: int, progress: Progress
) -> None:
    """Append what is missing, and stop at the size that the file must have."""
    headers = {"Range": f"bytes={have_bytes}-"} if have_bytes else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310  # checked with the settings
    with urllib.request.urlopen(request, timeout=_SILENCE_S) as answer:  # noqa: S310
        is_resumed = have_bytes > 0 and answer.status == _PARTIAL_CONTENT
        # Unbuffered: what has come is there for the next try, however this process ends.
        with path.open("ab" if is_resumed else "wb", buffering=0) as out:
            here_bytes = have_bytes if is_resumed else 0
            while here_bytes < file.size_bytes:
                # As it comes: a connection that falls silent costs nothing that it had brought.
                chunk = answer.read1(min(_CHUNK_BYTES, file.size_bytes - here_bytes))
                if not chunk:
                    return
                out.write(chunk)
                here_bytes += len(chunk)
                progress.note(here_bytes)


def _has_grown(path: Path, had_bytes: int) -> bool:
    """Return whether a broken connection brought something: then another try is worthwhile."""
    return path.exists() and path.stat().st_size > had_bytes


def _describe_rest(file: WeightFile, have_bytes: int) -> str:
    size = f"{file.size_bytes / 1e6:.1f} MB"
    return f"{size}, going on at {have_bytes / 1e6:.1f} MB" if have_bytes else size
