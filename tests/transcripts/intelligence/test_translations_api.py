"""A transcript's translation: whole sentences, the segments' times, and files made with it."""

import io
import zipfile
from typing import Any

import pytest
import requests

from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting
from tests.transcripts.served_api import Client, make_client
from transcripts.exports.options import ExportOptions
from transcripts.exports.worker_exports import describe_export
from transcripts.models import Segment, Transcript

pytestmark = pytest.mark.django_db(transaction=True)
TALK = """\
Ann: The bakery opens on the third of March
Ann: at nine in the morning. Bring bread.
Bob: We agreed ¤ on that.
"""


@pytest.fixture
def talk(client: Client, language: FakeLanguage) -> Transcript:
    return create_meeting(client, TALK)


def translate(client: Client, transcript: Transcript, target: str = "cs") -> dict[str, Any]:
    path = f"/api/v1/transcripts/{transcript.pk}/translate/"
    answer = client.call("POST", path, json={"target": target})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def export(
    client: Client, transcript: Transcript, format_name: str, query: str
) -> requests.Response:
    return client.get(f"/api/v1/transcripts/{transcript.pk}/export/{format_name}/?{query}")


def test_a_sentence_that_goes_on_over_segments_is_translated_whole(
    client: Client, talk: Transcript
) -> None:
    first, second, third = translate(client, talk)["segments"]

    whole = f"{first['text']} {second['text']}"
    assert whole == (
        "cs:The bakery opens on the third of March at nine in the morning. cs:Bring bread."
    )
    assert first["text"].startswith("cs:The bakery opens")
    assert len(second["sentences"]) == 2
    assert (first["start"], first["end"], second["end"]) == (0.0, 5.0, 10.0)
    keys = Segment.objects.filter(transcript=talk).order_by("position")
    assert [each["segment"] for each in (first, second, third)] == [key.key for key in keys]


def test_what_came_back_as_it_was_is_marked(client: Client, talk: Transcript) -> None:
    body = translate(client, talk)

    assert [each["untranslated"] for each in body["segments"]] == [False, False, True]
    assert body["untranslated"] == 1
    answer = export(client, talk, "csv", "bilingual=cs")
    assert answer.headers["X-Untranslated-Segments"] == "1"
    assert [line.rstrip().endswith("yes") for line in answer.text.split("\r\n")[1:4]] == [
        False,
        False,
        True,
    ]


def test_segments_in_the_target_language_stay(client: Client, talk: Transcript) -> None:
    segment = Segment.objects.filter(transcript=talk).order_by("position")[2]
    segment.language, segment.text = "cs", "Dohodli jsme se."
    segment.save()

    third = translate(client, talk)["segments"][2]
    assert (third["text"], third["untranslated"]) == ("Dohodli jsme se.", False)


def test_files_have_the_translation_alone_or_beside_the_text(
    client: Client, talk: Transcript
) -> None:
    translate(client, talk)

    alone = export(client, talk, "srt", "language=cs")
    assert alone.headers["X-Translation-Stale"] == "false"
    assert "cs:The bakery" in alone.text
    assert "cs:Bring bread." in alone.text
    assert 'filename="The meeting.cs.srt"' in alone.headers["Content-Disposition"]
    both = export(client, talk, "srt", "bilingual=cs")
    assert "The bakery opens" in both.text
    assert "cs:The bakery" in both.text
    assert 'filename="The meeting.en-cs.srt"' in both.headers["Content-Disposition"]
    own = export(client, talk, "txt", "language=en")
    assert "cs:" not in own.text
    assert "X-Translation-Stale" not in own.headers
    report = client.get(f"/api/v1/transcripts/{talk.pk}/export/lint/?bilingual=cs").json()
    assert report["cues"] >= 3


@pytest.mark.parametrize("format_name", ["txt", "srt", "vtt", "json", "csv", "docx", "pdf"])
def test_a_missing_translation_names_the_call_that_makes_it(
    client: Client, talk: Transcript, format_name: str
) -> None:
    translate(client, talk, "cs")
    for option in ("language", "bilingual"):
        answer = export(client, talk, format_name, f"{option}=de")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_translated")
        assert answer.json()["translate"] == f"/api/v1/transcripts/{talk.pk}/translate/"
        assert (answer.json()["target"], answer.json()["available"]) == ("de", ["cs"])


@pytest.mark.parametrize(
    "query", ["language=cs&bilingual=cs", "language=c%2Fs", "bilingual=czech!"]
)
def test_languages_that_can_not_be_meant_are_400(
    client: Client, talk: Transcript, query: str
) -> None:
    answer = export(client, talk, "txt", query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


def test_a_changed_text_makes_the_translation_stale_not_useless(
    client: Client, talk: Transcript
) -> None:
    translate(client, talk)
    before = describe_export(talk, format_name="docx", options=ExportOptions(language="cs")).key
    segment = Segment.objects.filter(transcript=talk).order_by("position")[2]
    path = f"/api/v1/transcripts/{talk.pk}/segments/{segment.key}/"
    assert client.call("PATCH", path, json={"text": "Never mind."}).status_code == 200

    answer = export(client, talk, "txt", "language=cs")
    assert answer.headers["X-Translation-Stale"] == "true"
    assert "We agreed" in answer.text
    both = export(client, talk, "txt", "bilingual=cs&paragraphs=false").text
    assert "Never mind.\nWe agreed ¤ on that." in both
    talk.refresh_from_db()
    translate(client, talk)
    after = describe_export(talk, format_name="docx", options=ExportOptions(language="cs")).key
    assert after != before


def test_a_persons_lines_are_in_the_files(client: Client, talk: Transcript) -> None:
    body = translate(client, talk)
    path = f"/api/v1/transcripts/{talk.pk}/results/{body['result_id']}/"
    lines = body["translated_text"].split("\n")
    lines[2] = "Na tom jsme se dohodli."
    saved = client.call("PATCH", path, json={"text": "\n".join(lines)})
    assert saved.json()["is_edited"] is True
    short = client.call("PATCH", path, json={"text": "Jeden řádek."})
    assert (short.status_code, short.json()["code"]) == (400, "invalid_value")

    text = export(client, talk, "vtt", "language=cs").text
    assert "Na tom jsme se dohodli." in text
    assert "cs:The bakery" in text


def test_an_archive_leaves_out_what_is_not_translated(client: Client, talk: Transcript) -> None:
    other = create_meeting(client, TALK)
    translate(client, talk)
    asked = {
        "ids": [str(talk.pk), str(other.pk)],
        "format": "txt",
        "options": {"language": "cs"},
    }
    answer = client.call("POST", "/api/v1/transcripts/export/", json=asked)

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.read("not-exported.txt").decode().split() == [str(other.pk)]
    (name,) = set(archive.namelist()) - {"not-exported.txt"}
    assert "cs:The bakery" in archive.read(name).decode()


def test_anothers_translation_is_not_found(client: Client, talk: Transcript) -> None:
    translate(client, talk)
    other = make_client(client.url)
    assert export(other, talk, "txt", "language=cs").status_code == 404
