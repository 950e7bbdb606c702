"""`GET …/export/:format/` by HTTP."""

import io
import threading
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connections
from pytest_django import Settings

from stt_web.celery import app as celery
from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.exports.options import ExportOptions
from transcripts.exports.worker_exports import EXPORT_QUEUE, make_export
from transcripts.models import Segment, Speaker, Status, Transcript
from transcripts.search.index import index_transcript
from transcripts.tasks import render_export

EXPORT_MANY = "/api/v1/transcripts/export/"

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


def test_a_client_that_has_the_file_gets_no_second_one(client: Client) -> None:
    path = path_of(make_spoken(client), "export/srt/")
    etag = client.get(path).headers["ETag"]

    same = client.get(path, headers={"If-None-Match": etag})
    Segment.objects.update(text="Good evening.")
    changed = client.get(path, headers={"If-None-Match": etag})

    assert (same.status_code, same.content) == (304, b"")
    assert (changed.status_code, "Good evening." in changed.text) == (200, True)


def test_anothers_and_a_missing_one_are_the_same_404_and_no_key_is_401(
    client: Client, guest: Client
) -> None:
    theirs = make_spoken(make_client(guest.url))

    anothers = client.get(path_of(theirs, "export/txt/"))
    missing = client.get(path_of(str(uuid.uuid4()), "export/txt/"))
    keyless = guest.get(path_of(theirs, "export/txt/"))
    posted = client.call("POST", path_of(theirs, "export/txt/"), json={})

    assert (anothers.status_code, missing.status_code) == (404, 404)
    assert anothers.json() == missing.json()
    assert keyless.status_code == 401
    assert posted.status_code == 405


@pytest.mark.parametrize(
    ("then", "code", "allowed"),
    [
        ("export/exe/", "unknown_format", "txt, srt, vtt, docx, pdf, csv, json"),
        ("export/pdf/?speakers=maybe", "invalid_value", "true or false"),
        ("export/docx/?paragraphs=2", "invalid_value", "true or false"),
        ("export/txt/?timestamps=often", "invalid_value", "none, inline, column"),
        ("export/txt/?redact=names", "invalid_value", "email, iban, card, phone"),
        ("export/json/?redacted=all", "invalid_value", "redact"),
        ("export/lint/?profil=netflix", "invalid_value", "profile"),
        ("export/srt/?profile=cinema", "invalid_value", "default, netflix, broadcast, social"),
        ("export/srt/?profile=custom&lines=9", "invalid_value", "1 to 4"),
        ("export/srt/?profile=custom&lines=1.5", "invalid_value", "1 to 4"),
        ("export/srt/?profile=custom&gap=nan", "invalid_value", "0 to 1"),
        ("export/srt/?profile=netflix&lines=1", "invalid_value", "custom"),
        ("export/srt/?profile=custom&min_duration=3&max_duration=2", "invalid_value", "below"),
    ],
)
def test_a_format_or_an_option_that_there_is_not_is_refused_with_what_there_is(
    client: Client, then: str, code: str, allowed: str
) -> None:
    answer = client.get(path_of(make_spoken(client), then))

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert allowed in answer.json()["error"]


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


class ExportWorker:
    """Takes what the server orders from the real broker, and runs the real task."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="export-worker", daemon=True)
        self.made = 0

    def __enter__(self) -> "ExportWorker":
        with celery.connection_for_write() as broker, broker.SimpleQueue(EXPORT_QUEUE) as queue:
            queue.clear()  # what earlier tests ordered
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(20)

    def _work(self) -> None:
        with celery.connection_for_read() as broker, broker.SimpleQueue(EXPORT_QUEUE) as queue:
            while not self._stopped.is_set():
                try:
                    message = queue.get(timeout=0.1)
                except queue.Empty:
                    continue
                arguments, _, _ = message.payload
                self.made += 1  # before the file is there, for whose answer a test waits
                render_export(*arguments)
                message.ack()
        connections.close_all()


@pytest.fixture
def export_worker(transactional_db: None) -> Iterator[ExportWorker]:
    with ExportWorker() as worker:
        yield worker


@pytest.mark.parametrize(("format_name", "begins"), [("docx", b"PK"), ("pdf", b"%PDF")])
def test_a_worker_makes_it_once_until_the_transcript_changes(
    client: Client, export_worker: ExportWorker, format_name: str, begins: bytes
) -> None:
    transcript = make_spoken(client)
    path = path_of(transcript, f"export/{format_name}/")

    first, again = client.get(path), client.get(path)
    Speaker.objects.update(display_name="Anna")
    renamed = client.get(path)

    assert (first.status_code, again.status_code, renamed.status_code) == (200, 200, 200)
    assert first.content.startswith(begins)
    assert first.content == again.content != renamed.content
    assert export_worker.made == 2
    assert f'filename="Talk.{format_name}"' in first.headers["Content-Disposition"]


def test_what_a_worker_made_is_deleted_with_the_transcript(
    client: Client, export_worker: ExportWorker, settings: Settings
) -> None:
    transcript = make_spoken(client)
    client.get(path_of(transcript, "export/docx/"))
    folder = settings.MEDIA_ROOT / transcript.pk.hex
    assert list((folder / "exports").glob("*.docx"))

    client.call("DELETE", path_of(transcript))

    assert not folder.exists()


def test_a_task_for_a_deleted_transcript_leaves_nothing(client: Client, settings: Settings) -> None:
    transcript = make_spoken(client)
    transcript_id = transcript.pk
    transcript.delete()

    make_export(transcript_id, format_name="docx", options=ExportOptions())

    assert not (settings.MEDIA_ROOT / transcript_id.hex).exists()


def test_the_lint_reports_what_it_found_and_where(client: Client) -> None:
    transcript = make_spoken(client, text="Much too much to be read in so little time. " * 4)

    body = client.get(path_of(transcript, "export/lint/?profile=netflix")).json()

    assert body["profile"]["name"] == "netflix"
    assert body["counts"]["reading_speed"] >= 1
    finding = body["findings"][0]
    assert {"cue", "rule", "severity", "message", "value", "limit", "start", "end"} <= set(finding)


def test_redaction_is_an_option_of_every_format(client: Client) -> None:
    transcript = make_spoken(client, text="Write to a@b.cz.")

    for format_name in TYPES:
        answer = client.get(path_of(transcript, f"export/{format_name}/?redact=email"))
        assert "a@b.cz" not in answer.text
        assert "[e-mail]" in answer.text


def test_the_notice_is_the_operators_to_switch_off(client: Client, settings: Settings) -> None:
    path = path_of(make_spoken(client), "export/txt/")

    english = client.get(path).text
    settings.EXPORT_NOTICE = False
    silent = client.get(path).text

    assert "generated by a machine" in english
    assert silent == "Speaker 1: Good morning.\n"


def test_many_are_exported_as_an_archive(client: Client, guest: Client) -> None:
    first, second = make_spoken(client, text="One."), make_spoken(client, text="Two.")
    make_spoken(make_client(guest.url), text="Theirs.")

    named = client.call(
        "POST", EXPORT_MANY, json={"ids": [str(second.pk), str(first.pk)], "format": "txt"}
    )
    all_of_them = client.call(
        "POST", EXPORT_MANY, json={"format": "txt", "options": {"speakers": False}}
    )

    assert named.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(named.content))
    assert archive.testzip() is None
    assert archive.namelist() == ["Talk.txt", "Talk (2).txt"]
    assert archive.read("Talk.txt").startswith(b"Speaker 1: Two.")
    everything = zipfile.ZipFile(io.BytesIO(all_of_them.content))
    assert [everything.read(name)[:4] for name in everything.namelist()] == [b"One.", b"Two."]


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "completed_with_warnings"},
        {"language": "cs"},
        {"model": "small"},
        {"source": "live"},
        {"tag": "wanted"},
        {"has_warnings": True},
        {"search": "two"},
        {"created_after": "2030-01-31"},
    ],
    ids=lambda filters: next(iter(filters)),
)
def test_an_archive_takes_the_filters_of_the_list(
    client: Client, filters: dict[str, object]
) -> None:
    make_spoken(client, text="One.", title="Other", model_used="large-v3")
    wanted = make_spoken(
        client,
        text="Two.",
        status="completed_with_warnings",
        language="cs",
        model_used="small",
        source="live",
        warnings=[{"code": "approximate", "message": "Not all of it."}],
    )
    wanted.tags.create(name="wanted")
    update_transcripts(
        Transcript.objects.filter(pk=wanted.pk), created_at=datetime(2030, 2, 1, tzinfo=UTC)
    )
    index_transcript(wanted)

    answer = client.call("POST", EXPORT_MANY, json={"format": "txt", **filters})

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert [archive.read(name)[:15] for name in archive.namelist()] == [b"Speaker 1: Two."]


def test_an_archive_of_word_documents_waits_for_each(
    client: Client, export_worker: ExportWorker
) -> None:
    for _ in range(2):
        make_spoken(client)

    answer = client.call("POST", EXPORT_MANY, json={"format": "docx"})

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert [archive.read(name)[:2] for name in archive.namelist()] == [b"PK", b"PK"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"format": "exe"}, (400, "unknown_format")),
        ({"format": "txt", "ids": []}, (400, "invalid_value")),
        ({"format": "txt", "ids": ["17"]}, (404, "not_found")),
        ({"format": "txt", "ids": [str(uuid.uuid4())]}, (404, "not_found")),
        ({"format": "txt", "created_after": "yesterday"}, (400, "invalid_value")),
        ({"format": "txt", "source": "elsewhere"}, (400, "invalid_value")),
        ({"format": "txt", "options": {"redact": "names"}}, (400, "invalid_value")),
        ({"format": "txt", "options": {"redacted": "all"}}, (400, "invalid_value")),
        (["txt"], (400, "invalid_value")),
    ],
)
def test_an_archive_that_can_not_be_made_is_refused(
    client: Client, body: object, expected: tuple[int, str]
) -> None:
    answer = client.call("POST", EXPORT_MANY, json=body)

    assert (answer.status_code, answer.json()["code"]) == expected


def test_anothers_transcript_gets_into_no_archive(client: Client, guest: Client) -> None:
    theirs = make_spoken(make_client(guest.url))

    named = client.call("POST", EXPORT_MANY, json={"ids": [str(theirs.pk)], "format": "txt"})
    keyless = guest.call("POST", EXPORT_MANY, json={"format": "txt"})

    assert (named.status_code, keyless.status_code) == (404, 401)
