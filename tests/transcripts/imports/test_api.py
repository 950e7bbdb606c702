"""POST transcripts/import/: other people's subtitles and our own JSON as a new transcript."""

import json
from dataclasses import replace

import pytest
import requests
from django.conf import settings

from accounts.tickets import issue_ticket
from tests.transcripts.exports.documents import DOCUMENTS
from tests.transcripts.served_api import Client
from transcripts.exports.cues import make_cues
from transcripts.exports.document import load_document
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import export
from transcripts.gaps.models import GapReason
from transcripts.imports.bounds import MAX_BYTES
from transcripts.imports.own_json import GAP_REASONS
from transcripts.models import Segment, Transcript
from transcripts.services.shown_gaps import ShownGap

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
    assert (transcript.title, transcript.language, transcript.job.audio_duration_ms) == (
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
    assert [part.speaker_name for part in loaded.segments] == [
        part.speaker_name for part in document.segments
    ]
    timed = [(old, new) for old, new in zip(document.segments, loaded.segments, strict=True)]
    assert all(old.words == new.words for old, new in timed if old.words)
    assert loaded.title == document.title


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_our_own_subtitles_come_back_without_the_notice(client: Client, format_name: str) -> None:
    content = export(DOCUMENTS["corrected"], format_name, ExportOptions())

    assert [row[2] for row in rows(stored(send(client, content)))] == [
        "What a person has corrected."
    ]


FOREIGN = {
    "model": "",
    "segments": [
        {
            "start": 0,
            "end": 1,
            "text": "By whom?",
            "words": [
                {"word": "By", "start": 0, "end": 0.4},
                {"word": "whom?", "start": 0.4, "end": 1, "confidence": "high"},
            ],
        }
    ],
}


@pytest.mark.parametrize("content", [SRT, VTT, json.dumps(FOREIGN)], ids=["srt", "vtt", "json"])
def test_nothing_is_made_up_about_what_others_wrote(client: Client, content: bytes | str) -> None:
    imported = send(client, content).json()
    path = f"/api/v1/transcripts/{imported['id']}/"

    exported = client.get(f"{path}export/json/").json()
    (segment, *_) = client.get(f"{path}segments/").json()["results"]

    assert (imported["origin"], imported["is_corrected"]) == ("unknown", False)
    assert exported["origin"] == "imported, origin unknown"
    assert "imported" in exported["notice"]
    for format_name in ("txt", "srt", "vtt", "csv", "json"):
        assert "machine-generated" not in client.get(f"{path}export/{format_name}/").text
        assert "generated by a machine" not in client.get(f"{path}export/{format_name}/").text
    assert segment["confidence"] is None
    assert {word["confidence"] for word in segment["words"]} == {None}
    expected = "imported" if content == json.dumps(FOREIGN) else "interpolated"
    assert {word["timing"] for word in segment["words"]} == {expected}


def test_an_import_that_is_edited_is_corrected_and_still_of_unknown_origin(client: Client) -> None:
    path = f"/api/v1/transcripts/{send(client, SRT).json()['id']}/"
    (segment, *_) = client.get(f"{path}segments/").json()["results"]

    edited = client.call("PATCH", f"{path}segments/{segment['id']}/", json={"text": "Dobrý den!"})

    exported = client.get(f"{path}export/json/")
    assert edited.status_code == 200
    assert edited.json()["segments"][0]["confidence"] is None
    assert exported.json()["origin"] == "imported, origin unknown, corrected by a person"


@pytest.mark.parametrize("is_machine_made", [True, False])
@pytest.mark.parametrize("is_corrected", [True, False])
@pytest.mark.parametrize("locale", ["en", "cs"])
@pytest.mark.parametrize("format_name", ["json", "srt", "vtt"])
def test_what_our_exports_state_of_their_origin_survives(
    client: Client, format_name: str, locale: str, *, is_corrected: bool, is_machine_made: bool
) -> None:
    document = replace(
        DOCUMENTS["corrected"], is_corrected=is_corrected, is_machine_made=is_machine_made
    )

    transcript = stored(send(client, export(document, format_name, ExportOptions(locale=locale))))

    again = load_document(transcript)
    assert (again.is_machine_made, again.is_corrected) == (is_machine_made, is_corrected)
    assert [segment.text for segment in again.segments] == ["What a person has corrected."]


def test_an_answer_of_the_api_is_of_the_machine_that_it_names(client: Client) -> None:
    answer = {**FOREIGN, "model": "whisper-small"}

    assert send(client, json.dumps(answer)).json()["origin"] == "machine"


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


def test_only_an_account_imports_and_only_as_a_form(client: Client, guest: Client) -> None:
    keyless = send(guest, SRT)
    as_json = client.call("POST", IMPORT, json={})
    got = client.get(IMPORT)

    assert (keyless.status_code, keyless.json()["code"]) == (401, "missing_key")
    assert (as_json.status_code, got.status_code) == (415, 405)


def test_it_states_whether_a_page_or_a_program_sent_it(client: Client) -> None:
    page = Client(client.url, issue_ticket(client.user))

    assert stored(send(page, SRT)).source == "upload"
    assert stored(send(client, SRT)).source == "api"


def test_a_language_is_taken_as_clients_name_it(client: Client) -> None:
    in_json = json.dumps({**FOREIGN, "language": "pt-BR"})

    assert stored(send(client, SRT, language="cs-CZ")).language == "cs"
    assert stored(send(client, in_json)).language == "pt"
    refused = send(client, SRT, language="klingon")
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_language")


def test_what_was_left_out_is_reported_and_the_transcript_is_marked(client: Client) -> None:
    answer = send(client, "1\n00:00:01,000 --> x\nA\n\n2\n00:00:03,000 --> 00:00:04,000\nB\n")

    transcript = stored(answer)
    assert [warning["code"] for warning in answer.json()["warnings"]] == ["cues_skipped"]
    assert "line 2" in answer.json()["warnings"][0]["message"]
    assert transcript.status == "completed_with_warnings"
    assert [row[2] for row in rows(transcript)] == ["B"]


def test_an_older_encoding_is_read_and_reported_or_asked_for(client: Client) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nPříliš žluťoučký kůň\n"

    guessed = send(client, text.encode("cp1250"), language="cs")
    named = send(client, text.encode("iso-8859-2"), encoding="iso-8859-2")
    unknown = send(client, text.encode("cp1250"), encoding="no-such")

    assert [row[2] for row in rows(stored(guessed))] == ["Příliš žluťoučký kůň"]
    assert "cp1250" in guessed.json()["warnings"][0]["message"]
    assert guessed.json()["status"] == "completed"
    assert [row[2] for row in rows(stored(named))] == ["Příliš žluťoučký kůň"]
    assert named.json()["warnings"] == []
    assert (unknown.status_code, unknown.json()["field"]) == (400, "encoding")


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
@pytest.mark.parametrize("locale", [code for code, _ in settings.LANGUAGES])
def test_our_own_subtitles_come_back_with_speakers_and_times(
    client: Client, format_name: str, locale: str
) -> None:
    document = replace(DOCUMENTS["renamed"], language=locale)
    content = export(document, format_name, ExportOptions(locale=locale))

    again = rows(stored(send(client, content)))

    cues = make_cues(document)
    assert [row[:2] for row in again] == [(cue.start_ms, cue.end_ms) for cue in cues]
    assert [row[2] for row in again] == [" ".join(cue.lines) for cue in cues]
    assert [row[3] for row in again] == [cue.speaker for cue in cues]


def test_speakers_beyond_a_hundred_are_refused(client: Client) -> None:
    segments = [{"start": n, "end": n + 1, "text": "x", "speaker": f"S{n}"} for n in range(101)]

    answer = send(client, json.dumps({"segments": segments}))

    assert (answer.status_code, answer.json()["code"]) == (400, "not_a_transcript")
    assert "100 speakers" in answer.json()["error"]


def test_a_hundred_speakers_are_named(client: Client) -> None:
    segments = [{"start": n, "end": n + 1, "text": "x", "speaker": f"S{n}"} for n in range(100)]

    transcript = stored(send(client, json.dumps({"segments": segments})))

    assert [str(row.speaker) for row in transcript.segments.all()] == [f"S{n}" for n in range(100)]


GAPS = (
    ShownGap(("a",), 4_000, 7_000, "repetition", text="again and again"),
    ShownGap(("b",), 7_500, 8_000, "low_confidence", text="so"),
)


@pytest.mark.parametrize("include_gaps", [True, False])
def test_the_gaps_of_our_own_json_are_gaps_again(client: Client, include_gaps: bool) -> None:
    document = replace(DOCUMENTS["renamed"], gaps=GAPS)
    plain = export(DOCUMENTS["renamed"], "json", ExportOptions())
    content = export(document, "json", ExportOptions(include_gaps=include_gaps))

    answer = send(client, content, "x.json")

    transcript = stored(answer)
    without = stored(send(client, plain, "plain.json"))
    full_text = " ".join(row[2] for row in rows(transcript))
    assert full_text == " ".join(row[2] for row in rows(without))
    loaded = load_document(transcript)
    assert [(gap.start_ms, gap.end_ms, gap.reason, gap.text) for gap in loaded.gaps] == [
        (gap.start_ms, gap.end_ms, gap.reason, gap.text) for gap in GAPS
    ]
    [warning] = answer.json()["warnings"]
    assert (warning["code"], warning["gaps"]) == ("speech_not_transcribed", 2)
    assert warning["message"].endswith("0:04.0–0:07.0, 0:07.5–0:08.0.")
    assert answer.json()["status"] == "completed_with_warnings"


def test_marks_of_gaps_that_the_json_does_not_list_are_reported(client: Client) -> None:
    body = json.loads(
        export(replace(DOCUMENTS["renamed"], gaps=GAPS), "json", ExportOptions(include_gaps=True))
    )
    body["gaps"] = [{"start": 7.5, "end": 8.0, "reason": "no such"}]

    answer = send(client, json.dumps(body), "x.json")

    assert "not transcribed" not in " ".join(row[2] for row in rows(stored(answer)))
    marked, skipped = answer.json()["warnings"]
    assert (marked["code"], skipped["code"]) == ("gaps_marked", "gaps_skipped")
    assert "00:00:04 (3.0 s), 00:00:07 (0.5 s)" in marked["message"]


def test_every_reason_that_is_shown_is_read_again() -> None:
    assert set(GAP_REASONS) == set(GapReason.values) - {GapReason.NOT_SPEECH}


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
@pytest.mark.parametrize("locale", [code for code, _ in settings.LANGUAGES])
def test_marks_in_our_own_subtitles_do_not_come_back_as_speech(
    client: Client, format_name: str, locale: str
) -> None:
    first = ShownGap(("z",), 0, 1_000, "not_recognised")
    document = replace(DOCUMENTS["renamed"], language=locale, gaps=(first, *GAPS))
    content = export(document, format_name, ExportOptions(include_gaps=True, locale=locale))

    answer = send(client, content, f"x.{format_name}")

    again = rows(stored(answer))
    spoken = " ".join(segment.text for segment in document.segments)
    assert " ".join(row[2] for row in again).split() == spoken.split()
    assert {row[3] for row in again} == {segment.speaker_name for segment in document.segments}
    [warning] = answer.json()["warnings"]
    assert warning["code"] == "gaps_marked"
    assert "3 places" in warning["message"]
    assert answer.json()["status"] == "completed_with_warnings"


def test_the_text_of_an_imported_gap_can_be_accepted(client: Client) -> None:
    lost = ShownGap(("a",), 9_500, 12_000, "repetition", text="again and again")
    document = replace(DOCUMENTS["renamed"], gaps=(lost,))
    transcript = stored(send(client, export(document, "json", ExportOptions()), "x.json"))
    [gap] = transcript.gaps.all()

    path = f"/api/v1/transcripts/{transcript.pk}/gaps/{gap.key}/"
    answer = client.call("POST", path, json={"action": "keep"})

    assert answer.status_code == 200, answer.text
    assert "again and again" in [row[2] for row in rows(transcript)]
