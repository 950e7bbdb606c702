"""Takes named members out of a zip, within bounds.

Names inside the archive are only looked up, never used as paths, so a member can't be written
outside the one file that the caller names; and never more is written than that file's size.
"""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 20


class BadArchiveError(Exception):
    """The archive is damaged, lacks a member, or holds another amount of data than it must."""


def extract_members(members: Sequence[tuple[Path, str]], target: Path, *, size_bytes: int) -> None:
    """Write the members (archive, name) one behind the other into `target`.

    Raises BadArchiveError where they don't come to `size_bytes` exactly; no more than that is
    written to the disk, whatever the archive claims. Raises OSError.
    """
    left_bytes = size_bytes
    with target.open("wb") as out:
        for archive, name in members:
            left_bytes -= _extract(archive, name, out, at_most=left_bytes)
    if left_bytes:
        raise BadArchiveError(f"it is {left_bytes} bytes short.")


def _extract(archive: Path, name: str, out: BinaryIO, *, at_most: int) -> int:
    """Return the number of bytes written."""
    written = 0
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as member:
            while chunk := member.read(_CHUNK_BYTES):
                if written + len(chunk) > at_most:
                    raise BadArchiveError(f"{name} is larger than it must be.")
                out.write(chunk)
                written += len(chunk)
    except KeyError as error:
        raise BadArchiveError(f"the archive has no {name}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadArchiveError(f"the archive is damaged ({error}).") from error
    return written
