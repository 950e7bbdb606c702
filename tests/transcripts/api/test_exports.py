"""`GET …/export/:format/` by HTTP."""

import uuid
from typing import Any
from urllib.parse import unquote

import pytest

from tests.transcripts.api.conftest import Client, Worker, make_client
from tests.transcripts.api.test_transcripts import make, path_of
from transcripts.models import Segment, Speaker, Status, Transcript

TYPES = {
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}


def make_spoken(client: Client, *, text: str = "Good morning.", **fields: Any) -> Transcript:
    transcript = make(client, **{"title": "Talk", "language": "en", **fields})
    speaker = Speaker.objects.create(transcript=transcript, position=1, label="Speaker 1")
    Segment.objects.create(
        transcript=transcript,
        position=1,
        start_ms=0,
        end_ms=2000,
        text=text,
        speaker=speaker,
        confidence=0.9,
    )
    return transcript


@pytest.mark.parametrize("format_name", TYPES)
def test_each_format_is_a_download_with_the_text_in_it(client: Client, format_name: str) -> None:
    answer = client.get(path_of(make_spoken(client), f"export/{format_name}/"))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == TYPES[format_name]
    assert f'filename="Talk.{format_name}"' in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"]
    assert "Good morning." in answer.content.decode("utf-8-sig")


def test_what_was_just_transcribed_is_exported(client: Client, worker: Worker) -> None:
    transcript_id = client.transcribe(diarize="false").json()["id"]

    answer = client.get(path_of(transcript_id, "export/txt/"))

    assert answer.text.startswith("w0 w1 w2\n")


@pytest.mark.parametrize(
    ("title", "whole", "plain"),
    [
        ("Žluťoučký kůň", "Žluťoučký kůň.txt", "Zlutoucky kun.txt"),
        ("会議", "会議.txt", "transcript.txt"),
        ('a"; filename="x.exe', "a filename= x.exe.txt", None),
        ("../../etc/passwd", "etc passwd.txt", None),
        ("evil\u202etxt.exe\r\nX: y", "eviltxt.exe X y.txt", None),
        ("", "transcript.txt", "transcript.txt"),
        ("CON", "transcript CON.txt", None),
        ("ž" * 255, "ž" * 90 + ".txt", None),
    ],
)
def test_the_file_is_called_as_the_transcript_as_far_as_is_safe(
    client: Client, title: str, whole: str, plain: str | None
) -> None:
    answer = client.get(path_of(make_spoken(client, title=title), "export/txt/"))

    header = answer.headers["Content-Disposition"]
    assert unquote(header.partition("filename*=UTF-8''")[2]) == whole
    assert header.isascii()
    if plain is not None:
        assert f'filename="{plain}"' in header


def test_a_client_that_has_the_file_is_told_so(client: Client) -> None:
    path = path_of(make_spoken(client), "export/srt/")
    etag = client.get(path).headers["ETag"]

    same = client.get(path, headers={"If-None-Match": etag})
    Segment.objects.update(text="Good evening.")
    changed = client.get(path, headers={"If-None-Match": etag})

    assert (same.status_code, same.content) == (304, b"")
    assert (changed.status_code, "Good evening." in changed.text) == (200, True)


def test_anothers_and_a_missing_one_are_the_same_404_and_no_key_is_401(
    client: Client, visitor: Client
) -> None:
    theirs = make_spoken(make_client(visitor.url))

    anothers = client.get(path_of(theirs, "export/txt/"))
    missing = client.get(path_of(str(uuid.uuid4()), "export/txt/"))
    keyless = visitor.get(path_of(theirs, "export/txt/"))
    posted = client.call("POST", path_of(theirs, "export/txt/"), json={})

    assert (anothers.status_code, missing.status_code) == (404, 404)
    assert anothers.json() == missing.json()
    assert keyless.status_code == 401
    assert posted.status_code == 405


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("export/exe/", "unknown_format"),
        ("export/txt/?speakers=maybe", "invalid_value"),
        ("export/txt/?timestamps=often", "invalid_value"),
        ("export/txt/?redact=names", "invalid_value"),
        ("export/srt/?profile=cinema", "invalid_value"),
        ("export/srt/?profile=custom&lines=9", "invalid_value"),
        ("export/srt/?profile=custom&lines=1.5", "invalid_value"),
        ("export/srt/?profile=custom&gap=nan", "invalid_value"),
        ("export/srt/?profile=netflix&lines=1", "invalid_value"),
        ("export/srt/?profile=custom&min_duration=3&max_duration=2", "invalid_value"),
    ],
)
def test_a_format_or_an_option_that_there_is_not_is_refused_by_name(
    client: Client, then: str, code: str
) -> None:
    answer = client.get(path_of(make_spoken(client), then))

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": Status.PROCESSING}, (409, "not_finished")),
        ({"status": Status.FAILED, "error_code": "corrupt_media"}, (400, "corrupt_media")),
        ({"status": Status.CANCELLED}, (409, "cancelled")),
    ],
)
def test_one_without_a_text_is_not_exported(
    client: Client, fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    answer = client.get(path_of(make(client, **fields), "export/txt/"))

    assert (answer.status_code, answer.json()["code"]) == expected


def test_what_was_recognised_before_it_was_cancelled_is_exported(client: Client) -> None:
    answer = client.get(path_of(make_spoken(client, status=Status.CANCELLED), "export/txt/"))

    assert answer.status_code == 200
