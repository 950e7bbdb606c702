"""Bodies that are the recording itself, and PCM without a header, on their way to the disk."""

import hashlib
import wave
from pathlib import Path

import pytest

from stt_web.core.errors import ApiError
from stt_web.core.raw_reader import choose_reader
from stt_web.core.upload_errors import UploadLostError, UploadTooLargeError
from stt_web.core.upload_reader import WAV_HEADER, UploadForm
from stt_web.core.uploads import Upload
from transcripts.media import probe

RAW = UploadForm(is_raw=True, takes_url=True)
PCM = UploadForm("audio_file", pcm_parameter="encode", pcm_bytes=64_000)
FORM = "multipart/form-data; boundary=xyz"


def read(
    folder: Path, *chunks: bytes, kind: str = "audio/wav", form: UploadForm = RAW, limit: int = 0
) -> Upload:
    reader = choose_reader(form, kind)(folder, limit_bytes=limit)
    try:
        for chunk in chunks:
            reader.feed(chunk)
        return reader.finish()
    except BaseException:
        reader.abandon()
        raise


@pytest.mark.parametrize("kind", ["audio/wav", "application/octet-stream", "", "video/mp4; x=1"])
def test_a_body_of_any_kind_is_the_recording(tmp_path: Path, kind: str) -> None:
    upload = read(tmp_path / "one", b"ab", b"", b"c", kind=kind)

    assert upload.path.read_bytes() == b"abc"
    assert (upload.size, upload.sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def test_a_body_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UploadTooLargeError):
        read(tmp_path / "one", b"abc", b"d", limit=3)
    assert not (tmp_path / "one").exists()


def test_what_is_abandoned_takes_nothing_more(tmp_path: Path) -> None:
    reader = choose_reader(RAW, "")(tmp_path / "one", limit_bytes=0)
    reader.feed(b"abc")
    reader.abandon()
    with pytest.raises(UploadLostError):
        reader.feed(b"d")
    assert not (tmp_path / "one").exists()


def test_json_holds_an_address(tmp_path: Path) -> None:
    upload = read(tmp_path / "one", b'{"url": " https://x/a.wav "}', kind="application/json")
    assert upload.fields == {"url": "https://x/a.wav"}
    assert (upload.has_file, upload.size) == (False, 0)


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        (FORM, b"", 415, "unsupported_media_type"),
        ("audio/wav", b"", 400, "missing_file"),
        ("application/json", b"{", 400, "malformed_upload"),
        ("application/json", b"\xff", 400, "malformed_upload"),
        ("application/json", b'{"url": 5}', 400, "missing_file"),
        ("application/json", b"[]", 400, "missing_file"),
        ("application/json", b" " * 70_000, 400, "too_many_fields"),
    ],
)
def test_other_bodies_are_refused(
    tmp_path: Path, kind: str, body: bytes, status: int, code: str
) -> None:
    with pytest.raises(ApiError) as caught:
        read(tmp_path / "one", body, kind=kind)
    assert (caught.value.status, caught.value.code) == (status, code)


def form(name: str, content: bytes) -> bytes:
    head = f'--xyz\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'
    return head.encode() + content + b"\r\n--xyz--\r\n"


def test_pcm_becomes_a_recording_that_is_as_long_as_it(tmp_path: Path) -> None:
    asked = PCM.with_query("task=transcribe&encode=false")
    sound = b"\x10\x00" * 24_000
    upload = read(tmp_path / "one", form("audio_file", sound), kind=FORM, form=asked)

    assert upload.size == upload.path.stat().st_size == len(WAV_HEADER) + len(sound)
    assert probe(upload.path).duration_ms == 1500
    assert upload.sha256 == hashlib.sha256(upload.path.read_bytes()).hexdigest()


def test_of_pcm_no_more_is_stored_than_is_wanted(tmp_path: Path) -> None:
    asked = PCM.with_query("encode=False")
    body = form("audio_file", b"\x10\x00" * 100_000)
    chunks = [body[at : at + 5000] for at in range(0, len(body), 5000)]
    upload = read(tmp_path / "one", *chunks, kind=FORM, form=asked)

    assert probe(upload.path).duration_ms == 2000


@pytest.mark.parametrize("query", ["", "encode=true", "encode="])
def test_what_is_no_pcm_stays_as_it_is(tmp_path: Path, query: str) -> None:
    content = (Path(wave.__file__)).read_bytes()[:1000]
    asked = PCM.with_query(query)
    upload = read(tmp_path / "one", form("audio_file", content), kind=FORM, form=asked)
    assert upload.path.read_bytes() == content
