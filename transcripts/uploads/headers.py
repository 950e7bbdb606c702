"""tus 1.0's headers, read and written (https://tus.io/protocols/resumable-upload, CC-BY 4.0).

Extensions: creation, creation-defer-length, expiration, termination, checksum.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.http import http_date

from stt_web.core.strict_json import find_unstorable
from stt_web.core.upload_reader import MAX_FIELD_BYTES, clean_file_name
from transcripts.uploads.errors import TusError
from transcripts.uploads.models import ResumableUpload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,expiration,termination,checksum"
PART_TYPE = "application/offset+octet-stream"
CHECKSUMS = ("sha1", "sha256")
_MOST_DIGITS = 15


@dataclass(frozen=True)
class PartHead:
    """`length`: the whole upload's, named by now. `digest`: of the checksum; None without one."""

    offset: int
    length: int | None
    algorithm: str = ""
    digest: bytes | None = None

    def new_hash(self) -> Any:
        return hashlib.new(self.algorithm, usedforsecurity=False)


def check_version(headers: Mapping[str, str]) -> None:
    """Raise TusError 412 unless the client speaks this version. Names are in lower case."""
    if headers.get("tus-resumable", "") != VERSION:
        raise TusError(
            "Send the header `Tus-Resumable: 1.0.0`.",
            status=412,
            code="tus_version",
            headers={"Tus-Version": VERSION},
        )


def read_part_head(headers: Mapping[str, str]) -> PartHead:
    """Read a PATCH. Raises TusError."""
    check_version(headers)
    if headers.get("content-type", "").partition(";")[0].strip() != PART_TYPE:
        raise TusError(f"Send the part as {PART_TYPE}.", status=415, code="unsupported_media_type")
    length = headers.get("upload-length")
    algorithm, digest = _read_checksum(headers.get("upload-checksum", ""))
    return PartHead(
        offset=read_number(headers.get("upload-offset", ""), name="Upload-Offset"),
        length=None if length is None else read_number(length, name="Upload-Length"),
        algorithm=algorithm,
        digest=digest,
    )


def read_length(headers: Mapping[str, str]) -> int | None:
    """Return the length of a new upload; None where it comes later. Raises TusError."""
    if headers.get("upload-defer-length", "") == "1":
        return None
    return read_number(headers.get("upload-length", ""), name="Upload-Length")


def read_number(text: str, *, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise TusError(f"{name} must be a number of bytes.")
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """Return `Upload-Metadata`: names, each with its value in base64. Raises TusError."""
    if len(text) > 2 * MAX_FIELD_BYTES:
        raise TusError("Upload-Metadata is too long.")
    values: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        name, _, encoded = pair.partition(" ")
        try:
            value = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise TusError(f"Upload-Metadata: “{name[:40]}” is not base64 of UTF-8.") from None
        if name in values:
            raise TusError(f"Upload-Metadata has “{name[:40]}” twice.")
        problem = find_unstorable(value)
        if problem:
            raise TusError(f"Upload-Metadata: “{name[:40]}” holds {problem}.")
        values[name] = value
    return values


def file_name_of(metadata: Mapping[str, str]) -> str:
    return clean_file_name(metadata.get("filename") or metadata.get("name") or "")


def describe_in_headers(upload: ResumableUpload) -> dict[str, str]:
    """Return what HEAD answers, and PATCH."""
    headers = {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(upload.offset_bytes),
        "Cache-Control": "no-store",
    }
    if upload.length_bytes is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(upload.length_bytes)
    if upload.transcript_id is not None:
        headers["X-Transcript-Id"] = str(upload.transcript_id)
    else:
        headers["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return headers


def _read_checksum(text: str) -> tuple[str, bytes | None]:
    if not text:
        return "", None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in CHECKSUMS:
        raise TusError(f"Upload-Checksum: of {', '.join(CHECKSUMS)}.")
    try:
        return algorithm, base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise TusError("Upload-Checksum is not base64.") from None
