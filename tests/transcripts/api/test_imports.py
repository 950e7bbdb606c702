"""POST transcripts/import/: other people's subtitles and our own JSON as a new transcript."""

import json

import pytest
import requests

from accounts.tickets import issue_ticket
from tests.transcripts.api.conftest import Client
from tests.transcripts.exports.documents import DOCUMENTS
from transcripts.exports.document import load_document
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import export
from transcripts.imports.bounds import MAX_BYTES
from transcripts.models import Segment, Transcript

IMPORT = "/api/v1/transcripts/import/"
SRT = b"""\xef\xbb\xbf1\r
00:00:01,000 --> 00:00:03,500\r
<i>Dobr\xc3\xbd</i> den,\r
{\\an8}jak se m\xc3\xa1te?\r
\r
2\r
00:01:00,000 --> 00:01:02,000 X1:5\r
Dob\xc5\x99e.\r
"""
VTT = """WEBVTT - A title

STYLE
::cue { color: red }

NOTE not this

intro
00:01.000 --> 00:03.500 line:0
<v.loud Anna>One &amp; <c.x>two</c> &lt;b&gt;</v>

01:00:00.000 --> 01:00:02.000
<v Petr>Three.
"""


def send(
    client: Client, content: bytes | str, name: str = "talk.srt", **fields: str
) -> requests.Response:
    return client.call("POST", IMPORT, files={"file": (name, content)}, data=fields)


def stored(answer: requests.Response) -> Transcript:
    assert answer.status_code == 201, answer.text
    return Transcript.objects.get(pk=answer.json()["id"])


def rows(transcript: Transcript) -> list[tuple[int, int, str, str | None]]:
    return [
        (row.start_ms, row.end_ms, row.text, str(row.speaker) if row.speaker else None)
        for row in transcript.segments.select_related("speaker")
    ]


def test_srt_as_it_is_found(client: Client) -> None:
    answer = send(client, SRT, "Rozhovor.srt", language="cs")

    transcript = stored(answer)
    assert rows(transcript) == [
        (1000, 3500, "Dobrý den, jak se máte?", None),
        (60_000, 62_000, "Dobře.", None),
    ]
    assert (transcript.title, transcript.language, transcript.heard_ms) == (
        "Rozhovor",
        "cs",
        62_000,
    )
    assert (transcript.status, transcript.credits_charged) == ("completed", 0)
    assert answer.headers["Location"].endswith(f"{transcript.pk}/")
    words = transcript.segments.all()[0].words
    assert (words[0]["word"], words[0]["start_ms"], words[-1]["end_ms"]) == ("Dobrý", 1000, 3500)
    assert {word["timing"] for word in words} == {"interpolated"}


def test_vtt_with_speakers_styles_and_escapes(client: Client) -> None:
    assert rows(stored(send(client, VTT, "talk.vtt"))) == [
        (1000, 3500, "One & two <b>", "Anna"),
        (3_600_000, 3_602_000, "Three.", "Petr"),
    ]


@pytest.mark.parametrize("name", ["renamed", "hostile", "overlapping", "scripts"])
def test_our_own_json_comes_back_as_it_was(client: Client, name: str) -> None:
    document = DOCUMENTS[name]
    content = export(document, "json", ExportOptions())

    loaded = load_document(stored(send(client, content, "x.json")))

    assert [part.text for part in loaded.segments] == [part.text for part in document.segments]
    assert [part.start_ms for part in loaded.segments] == [p.start_ms for p in document.segments]
    assert [part.speaker for part in loaded.segments] == [p.speaker for p in document.segments]
    timed = [(old, new) for old, new in zip(document.segments, loaded.segments, strict=True)]
    assert all(old.words == new.words for old, new in timed if old.words)
    assert loaded.title == document.title


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_our_own_subtitles_come_back_without_the_notice(client: Client, format_name: str) -> None:
    content = export(DOCUMENTS["corrected"], format_name, ExportOptions())

    assert [row[2] for row in rows(stored(send(client, content)))] == [
        "What a person has corrected."
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Just a text.",
        b"\xff\xfe\x00",
        b"RIFF\x80\x81\x82",
        b"{",
        b"[1, 2]",
        b"[" * 100_000,
        json.dumps({"segments": [{"text": "x", "start": 2, "end": 1}]}).encode(),
        json.dumps({"segments": [{"text": "x", "start": "0", "end": 1}]}).encode(),
        json.dumps({"segments": [{"text": "x", "start": 0, "end": 1e99}]}).encode(),
        b'{"segments": [{"text": "x", "start": 0, "end": NaN}]}',
        json.dumps({"segments": [{"start": 0, "end": 1}]}).encode(),
        b"1\n00:00:01,000 -> 00:00:02,000\nWrong arrow\n",
        b"1\n00:00:01,000 --> 00:00:02,000\n" + b"x " * 10_001,
        b'{"segments": [{"text": "\\ud800x", "start": 0, "end": 1}]}',
        b'{"segments": [{"text": "x", "start": 0, "end": 1, "speaker": "\\udc00"}]}',
    ],
)
def test_what_is_no_transcript_is_refused_and_leaves_nothing(
    client: Client, content: bytes
) -> None:
    answer = send(client, content)

    assert (answer.status_code, answer.json()["code"]) == (400, "not_a_transcript")
    assert not Transcript.objects.exists()
    assert not Segment.objects.exists()


def test_a_file_that_is_too_large_is_refused_unread(client: Client) -> None:
    answer = send(client, SRT + b" " * MAX_BYTES)

    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert not Transcript.objects.exists()


def test_only_an_account_imports_and_only_as_a_form(client: Client, visitor: Client) -> None:
    keyless = send(visitor, SRT)
    as_json = client.call("POST", IMPORT, json={})
    got = client.get(IMPORT)

    assert (keyless.status_code, keyless.json()["code"]) == (401, "missing_key")
    assert (as_json.status_code, got.status_code) == (415, 405)


def test_it_says_whether_a_page_or_a_program_sent_it(client: Client) -> None:
    page = Client(client.url, issue_ticket(client.user))

    assert stored(send(page, SRT)).source == "upload"
    assert stored(send(client, SRT)).source == "api"
