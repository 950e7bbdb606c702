"""A multipart body in pieces of any size: one file on disk, or a refusal that leaves nothing."""

import contextlib
import hashlib
import io
import threading
import time
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stt_web.core.errors import ApiError
from stt_web.core.upload_errors import UploadLostError
from stt_web.core.upload_reader import MAX_PARTS, UploadReader, read_boundary
from stt_web.core.uploads import Upload

BOUNDARY = b"----x7"
AUDIO = bytes(range(256)) * 40 + b"\r\n------x\r\n--"  # holds what looks like a boundary's begin


def part(name: str, content: bytes, *, file_name: str | None = None, extra: str = "") -> bytes:
    disposition = f'form-data; name="{name}"'
    if file_name is not None:
        disposition += f'; filename="{file_name}"'
    head = f"Content-Disposition: {disposition}\r\n{extra}\r\n".encode()
    return b"--" + BOUNDARY + b"\r\n" + head + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


FILE = part("file", AUDIO, file_name="a.mp3", extra="Content-Type: audio/mpeg\r\n")


def read(folder: Path, body: bytes, *, chunk_bytes: int = 1000, limit_bytes: int = 0) -> Upload:
    reader = UploadReader(folder, boundary=BOUNDARY, limit_bytes=limit_bytes)
    try:
        for start in range(0, len(body), chunk_bytes):
            reader.feed(body[start : start + chunk_bytes])
        return reader.finish()
    except BaseException:
        reader.abandon()
        raise


def refusal(folder: Path, body: bytes, **options: int) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(folder, body, **options)
    assert not folder.exists(), "a refused upload leaves nothing behind"
    return caught.value


@settings(max_examples=40, deadline=None)
@given(chunk_bytes=st.integers(1, 4000))
def test_the_file_and_the_fields_arrive_whole_however_the_body_is_cut(
    tmp_path_factory: pytest.TempPathFactory, chunk_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("up") / "one"

    upload = read(
        folder,
        form(part("model", b"small"), FILE, part("language", b"en")),
        chunk_bytes=chunk_bytes,
    )

    assert upload.path == folder / "recording"
    assert upload.path.read_bytes() == AUDIO
    assert (upload.size, upload.sha256) == (len(AUDIO), hashlib.sha256(AUDIO).hexdigest())
    assert upload.fields == {"model": "small", "language": "en"}
    assert upload.file_name == "a.mp3"


@pytest.mark.parametrize(
    ("sent", "stored_name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\talk.wav", "talk.wav"),
        ("a\tb\x7f.mp3", "ab.mp3"),
        ("žluťoučký kůň.mp3", "žluťoučký kůň.mp3"),
        ("x" * 300 + ".mp3", ("x" * 300 + ".mp3")[-255:]),
        ("", ""),
    ],
)
def test_a_file_name_is_text_and_never_a_path(tmp_path: Path, sent: str, stored_name: str) -> None:
    upload = read(tmp_path / "one", form(part("file", AUDIO, file_name=sent)))

    assert upload.file_name == stored_name
    assert upload.path == tmp_path / "one" / "recording"


def test_a_name_in_extended_form_only_is_a_file_too(tmp_path: Path) -> None:
    body = FILE.replace(b'filename="a.mp3"', b"filename*=utf-8''k%C5%AF%C5%88.mp3")

    assert read(tmp_path / "one", form(body)).file_name == "kůň.mp3"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (form(), "missing_file"),
        (form(part("model", b"small")), "missing_file"),
        (form(part("file", b"not a file part")), "missing_file"),
        (form(part("recording", AUDIO, file_name="a.mp3")), "missing_file"),
        (form(FILE, FILE), "too_many_files"),
        (form(FILE, part("prompt", b"\xff\xfe")), "malformed_upload"),
        (form(FILE, part("prompt", b"x" * 70_000)), "too_many_fields"),
        (form(*(part(f"f{n}", b"") for n in range(MAX_PARTS)), FILE), "too_many_fields"),
        (form(*(part("same", b"") for _ in range(40)), FILE), "repeated_field"),
        (form(part("prompt", b"a"), part("prompt", b"b"), FILE), "repeated_field"),
        (form(part("prompt", b"a\x00b"), FILE), "invalid_value"),
        (form(part("f", b"", extra="X-A: " + "a" * 17_000 + "\r\n"), FILE), "malformed_upload"),
        (form(part("f", b"", extra="X-A: a\r\n" * 17), FILE), "malformed_upload"),
        (
            form(part("f", b"", extra='Content-Disposition: form-data; name="g"\r\n'), FILE),
            "malformed_upload",
        ),
        (form(FILE)[:-40], "malformed_upload"),
        (b"no multipart at all", "malformed_upload"),
        (form(part("", b"nameless")), "malformed_upload"),
        (
            form(
                part(
                    "file",
                    b"UklGRg==",
                    file_name="a",
                    extra="Content-Transfer-Encoding: base64\r\n",
                )
            ),
            "malformed_upload",
        ),
    ],
)
def test_a_form_that_is_no_upload_is_refused(tmp_path: Path, body: bytes, code: str) -> None:
    error = refusal(tmp_path / "one", body)

    assert (error.status, error.code) == (400, code)


def test_a_file_of_just_the_limit_is_taken_and_a_byte_more_is_not(tmp_path: Path) -> None:
    assert read(tmp_path / "one", form(FILE), limit_bytes=len(AUDIO)).size == len(AUDIO)

    error = refusal(tmp_path / "two", form(FILE), limit_bytes=len(AUDIO) - 1)

    assert (error.status, error.code) == (413, "file_too_large")
    assert error.extra["limit_bytes"] == len(AUDIO) - 1


def test_a_full_disk_is_reported_as_such(tmp_path: Path) -> None:
    def open_full(path: Path) -> BinaryIO:
        path.touch()
        return cast("BinaryIO", io.FileIO("/dev/full", "wb"))

    reader = UploadReader(tmp_path / "one", boundary=BOUNDARY, limit_bytes=0, open_file=open_full)

    with pytest.raises(ApiError) as caught:
        reader.feed(form(FILE))
    reader.abandon()

    assert (caught.value.status, caught.value.code) == (503, "storage_full")
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=x"])
def test_another_kind_of_body_is_415(content_type: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_boundary(content_type)

    assert caught.value.status == 415


@pytest.mark.parametrize("parameter", ["", "; boundary=", "; boundary=" + "x" * 71])
def test_a_form_without_a_usable_boundary_is_400(parameter: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_boundary("multipart/form-data" + parameter)

    assert caught.value.status == 400


def test_a_form_of_parts_is_given_up_at_the_first_that_is_too_many(tmp_path: Path) -> None:
    """What was processed is bounded, and not only what is kept: 40 MB of parts cost nothing."""
    body = form(*(part(f"f{number % 7}", b"") for number in range(200_000)))
    began = time.process_time()

    assert refusal(tmp_path / "one", body, chunk_bytes=2**20).code == "repeated_field"
    assert time.process_time() - began < 1


def test_what_is_abandoned_while_a_thread_feeds_it_stays_away(tmp_path: Path) -> None:
    """The client hangs up between two pieces of the body, one of which is about to be written."""
    folder = tmp_path / "one"
    body = form(FILE)
    for cut in range(0, len(body), 97):
        reader = UploadReader(folder, boundary=BOUNDARY, limit_bytes=0)
        reader.feed(body[:cut])
        reader.abandon()
        with pytest.raises(UploadLostError):
            reader.feed(body[cut:])
        assert not folder.exists()


def test_nothing_is_left_however_feeding_and_abandoning_meet(tmp_path: Path) -> None:
    folder, body = tmp_path / "one", form(FILE)
    for number in range(200):
        reader = UploadReader(folder, boundary=BOUNDARY, limit_bytes=0)
        abandoning = threading.Timer(number / 100_000, reader.abandon)
        abandoning.start()
        with contextlib.suppress(UploadLostError):
            for start in range(0, len(body), 100):
                reader.feed(body[start : start + 100])
        abandoning.join()
        assert not folder.exists()
