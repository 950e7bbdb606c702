"""Results as files: each format opened again, with times, speakers and whether the text changed."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import docx as python_docx
import pypdfium2
import pytest
from django.utils.translation import override

from tests.transcripts.intelligence.conftest import create_meeting
from tests.transcripts.intelligence.test_results_api import list_results, make, path_of
from tests.transcripts.served_api import Client, make_client
from transcripts.intelligence.calendar_file import render_calendar
from transcripts.intelligence.made_items import MadeItem
from transcripts.intelligence.models import StoredResult
from transcripts.intelligence.result_files import open_result_file, render_result
from transcripts.models import Transcript

pytestmark = pytest.mark.django_db(transaction=True)

MADE = [
    ("summarize", {"style": "brief"}),
    ("summarize", {"style": "action_items"}),
    ("analyze", {"type": "action_items"}),
    ("analyze", {"type": "topics"}),
    ("analyze", {"type": "questions"}),
    ("analyze", {"type": "sentiment"}),
    ("analyze", {"type": "entities"}),
    ("generate", {"type": "meeting_notes"}),
    ("generate", {"type": "chapter_markers"}),
    ("generate", {"type": "flashcards"}),
    ("generate", {"type": "quiz"}),
    ("generate", {"type": "study_guide"}),
    ("generate", {"type": "show_notes"}),
    ("generate", {"type": "key_quotes"}),
]


def make_result(
    client: Client, transcript: Transcript, what: str, body: dict[str, Any]
) -> StoredResult:
    answer = make(client, transcript, what, **body)
    assert answer.status_code == 200, answer.text
    return StoredResult.objects.get(pk=answer.json()["result_id"])


def export_path(transcript: Transcript, result: StoredResult, format_name: str) -> str:
    return path_of(transcript, f"results/{result.pk}/export/{format_name}/")


def read_docx(content: bytes) -> str:
    return "\n".join(each.text for each in python_docx.Document(io.BytesIO(content)).paragraphs)


def read_pdf(content: bytes) -> str:
    pdf = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\ufffe\\-]+", "", text)


@pytest.mark.parametrize(("what", "body"), MADE)
def test_each_kind_is_written_in_each_format(
    client: Client, meeting: Transcript, what: str, body: dict[str, Any]
) -> None:
    result = make_result(client, meeting, what, body)
    answers = {
        format_name: client.get(export_path(meeting, result, format_name))
        for format_name in ("md", "docx", "pdf", "csv")
    }

    assert {each.status_code for each in answers.values()} == {200}
    rows = list(csv.DictReader(io.StringIO(answers["csv"].content.decode("utf-8-sig"))))
    markdown = answers["md"].text
    assert rows
    assert {row["stale"] for row in rows} == {"false"}
    for row in rows[:10]:
        words = squeezed(row["text"].removeprefix("'"))
        assert words in squeezed(markdown)
        assert words in squeezed(read_docx(answers["docx"].content))
        assert words in squeezed(read_pdf(answers["pdf"].content))
    assert answers["md"].headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "attachment" in answers["pdf"].headers["Content-Disposition"]
    etag = answers["csv"].headers["ETag"]
    same = client.get(export_path(meeting, result, "csv"), headers={"If-None-Match": etag})
    assert same.status_code == 304


def test_what_bears_it_out_is_in_it(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "analyze", {"type": "action_items"})
    (first, *_) = result.body["result"]

    rows = list(
        csv.DictReader(
            io.StringIO(client.get(export_path(meeting, result, "csv")).content.decode("utf-8-sig"))
        )
    )
    markdown = client.get(export_path(meeting, result, "md")).text

    assert rows[0]["due"] == (first["due"] or "")
    assert rows[0]["due_date"] == (first["due_date"] or "")
    assert rows[0]["start"].startswith("00:0")
    assert re.search(r"\*\*\d+:\d\d\*\*", markdown)


def test_tasks_become_a_calendar_with_their_dates(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "analyze", {"type": "action_items"})
    dated = [each for each in result.body["result"] if each["due_date"]]
    assert dated

    tasks = client.get(export_path(meeting, result, "ics"))
    days = client.get(export_path(meeting, result, "ics") + "?as=events")

    assert tasks.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert tasks.text.count("BEGIN:VTODO") == len(result.body["result"])
    assert tasks.text.count("DUE;VALUE=DATE:") == len(dated)
    assert days.text.count("BEGIN:VEVENT") == len(dated)
    assert f"DUE;VALUE=DATE:{dated[0]['due_date'].replace('-', '')}\r\n" in tasks.text
    wrong = client.get(export_path(meeting, result, "ics") + "?as=alarm")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_value")


def test_lines_are_folded_and_escaped_as_rfc_5545_has_it(client: Client) -> None:
    text = "Pošli; ňadra, \\ “žluťoučký” kůň\r\nBEGIN:VALARM " + "ř" * 100
    result = StoredResult()
    content = render_calendar(
        [MadeItem(text, due_date="2026-11-20")],
        ["one\ntwo"],
        result_id=result.id,
        made_at=datetime(2026, 11, 18, tzinfo=UTC),
        form="tasks",
    )

    assert all(len(line.encode()) <= 75 for line in content.split("\r\n"))
    assert "\n" not in content.replace("\r\n", "")
    unfolded = content.replace("\r\n ", "").split("\r\n")
    (summary,) = [line for line in unfolded if line.startswith("SUMMARY:")]
    assert summary.startswith("SUMMARY:Pošli\\; ňadra\\, \\\\ “žluťoučký” kůň BEGIN:VALARM ř")
    assert "DESCRIPTION:one\\ntwo" in unfolded
    assert "DTSTAMP:20261118T000000Z" in unfolded
    assert sum(line.startswith("BEGIN:") for line in unfolded) == 2


def test_an_edited_text_is_that_persons_and_has_no_table(
    client: Client, meeting: Transcript
) -> None:
    result = make_result(client, meeting, "generate", {"type": "meeting_notes"})
    edited = "## Ours\n\n- [ ] **Bold** and \\*plain\\*\n\nשלום עולם"
    client.call("PATCH", path_of(meeting, f"results/{result.pk}/"), json={"text": edited})

    markdown = client.get(export_path(meeting, result, "md")).text
    docx = read_docx(client.get(export_path(meeting, result, "docx")).content)
    pdf = client.get(export_path(meeting, result, "pdf"))
    table = client.get(export_path(meeting, result, "csv"))
    tasks = client.get(export_path(meeting, result, "ics"))

    assert edited in markdown
    assert "edited by a person" in markdown
    assert "Ours\n• Bold and *plain*\nשלום עולם" in docx
    assert pdf.status_code == 200
    assert {(each.status_code, each.json()["code"]) for each in (table, tasks)} == {
        (409, "result_edited")
    }


def test_a_result_of_an_older_text_is_marked(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "analyze", {"type": "action_items"})
    Transcript.objects.filter(pk=meeting.pk).update(text_revision=meeting.text_revision + 1)
    sentence = "has changed since this was made"

    texts = {
        "md": client.get(export_path(meeting, result, "md")).text,
        "docx": read_docx(client.get(export_path(meeting, result, "docx")).content),
        "pdf": read_pdf(client.get(export_path(meeting, result, "pdf")).content),
        "ics": client.get(export_path(meeting, result, "ics")).text,
    }

    for name, text in texts.items():
        assert squeezed(sentence) in squeezed(text), name
    assert ",true\r\n" in client.get(export_path(meeting, result, "csv")).text


def test_a_formula_is_text_and_markup_is_plain(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "analyze", {"type": "questions"})
    result.body["result"] = [
        {"question": '=HYPERLINK("x")', "speaker": "+Eve", "answer": "-1;=2", "evidence": {}},
        {"question": "<b>*x*</b> [a](http://b)", "evidence": {"start": 61.5}},
    ]
    result.save()

    rows = list(csv.reader(io.StringIO(client.get(export_path(meeting, result, "csv")).text[1:])))
    markdown = client.get(export_path(meeting, result, "md")).text

    assert rows[1][1:3] == ['\'=HYPERLINK("x")', "'+Eve"]
    assert rows[1][8].startswith("'-1;'=2")
    assert "\\<b\\>\\*x\\*" in markdown
    assert "[a](http" not in markdown


def test_files_speak_the_language_of_who_asks(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "generate", {"type": "meeting_notes"})

    with override("cs"):
        text = render_result(open_result_file(result, meeting), "md").decode()

    assert text.startswith("# Zápis")
    assert "## Úkoly" in text


def test_masked_text_is_exported_masked(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "analyze", {"type": "pii_redact"})
    result.body["result"]["text"] = "Call [phone number]."
    result.save()

    assert "phone number" in client.get(export_path(meeting, result, "md")).text
    table = client.get(export_path(meeting, result, "csv"))
    assert (table.status_code, table.json()["code"]) == (400, "unknown_format")


def test_others_and_what_there_is_not(client: Client, meeting: Transcript) -> None:
    result = make_result(client, meeting, "summarize", {"style": "brief"})
    other = make_client(client.url)
    theirs = create_meeting(other)

    assert other.get(export_path(meeting, result, "md")).status_code == 404
    assert other.get(export_path(theirs, result, "md")).status_code == 404
    for format_name in ("exe", "ics"):
        answer = client.get(export_path(meeting, result, format_name))
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_format")
    assert client.call("POST", export_path(meeting, result, "md"), json={}).status_code == 405
    assert [each["id"] for each in list_results(client, meeting)] == [str(result.pk)]
