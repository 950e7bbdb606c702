"""Refusals in the reader's language: every sentence that a page can show, in every answer."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from stt_web.core.refusals import read_refusals, translate_refusal
from tests.accounts.people import Person, create_person
from tests.transcripts.rows import create_transcript
from transcripts.models import Status

ROOT = Path(__file__).resolve().parents[3]
APPS = ("accounts", "billing", "stt_web", "transcripts")
# What these refuse only programs ask for, or it is logged and shown to no one.
FOR_PROGRAMS = (
    "accounts/admin_site.py",
    "accounts/api/",
    "accounts/management/",
    "accounts/services/idempotency.py",
    "billing/ledger.py",
    "billing/management/",
    "billing/payments/corrections.py",
    "billing/payments/errors.py",
    "billing/payments/events.py",
    "stt_web/",
    "transcripts/dialects/",
    "transcripts/editing/api/",
    "transcripts/editing/draft_rows.py",
    "transcripts/editing/realign.py",
    "transcripts/exports/api/",
    "transcripts/exports/archive.py",
    "transcripts/exports/masked_audio.py",
    "transcripts/exports/requested.py",
    "transcripts/fetching/download.py",
    "transcripts/filters.py",
    "transcripts/imports/",
    "transcripts/inference/",
    "transcripts/intelligence/api/",
    "transcripts/intelligence/rules.py",
    "transcripts/jobs/api/",
    "transcripts/jobs/requeue.py",
    "transcripts/jobs/stages/",
    "transcripts/live/",
    "transcripts/management/",
    "transcripts/media/",
    "transcripts/option_kinds.py",
    "transcripts/option_languages.py",
    "transcripts/services/note_templates.py",
    "transcripts/uploads/api/",
    "transcripts/uploads/headers.py",
    "transcripts/uploads/receive.py",
    "transcripts/voices/api/",
    "transcripts/voices/marking/",
    "transcripts/voices/reference.py",
    "transcripts/voices/run.py",
    "transcripts/webhooks/sender.py",
)
# But these are answers to pages, too.
FOR_PAGES = ("stt_web/core/error_responses.py", "stt_web/core/upload_errors.py")


def sentences_of(path: Path) -> Iterator[str]:
    """Yield the sentences with which the module makes errors, `{}` for what they are filled with.

    Not those below a decorator: there they describe an answer (`@raises`).
    """
    tree = ast.parse(path.read_text())
    described = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for decorator in function.decorator_list
        for node in ast.walk(decorator)
    }
    raised = {id(node.exc) for node in ast.walk(tree) if isinstance(node, ast.Raise)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in described:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name == "__init__" or (name.endswith("Error") and id(node) in raised):
            yield from filter(None, (_sentence(each) for each in node.args))


def _sentence(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return "".join(str(part) for part in parts)
    text = node.value if isinstance(node, ast.Constant) else ""
    return text if isinstance(text, str) and " " in text else ""


def raised_sentences() -> dict[str, str]:
    """Return where each is raised, by the sentence."""
    return {
        sentence: str(path.relative_to(ROOT))
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        for sentence in sentences_of(path)
    }


@pytest.fixture
def person(db: None) -> Person:
    return create_person("reader@example.com")


def is_shown(place: str) -> bool:
    return place.startswith(FOR_PAGES) or not place.startswith(FOR_PROGRAMS)


def test_every_refusal_that_a_page_can_show_is_czech() -> None:
    with translation.override("cs"):
        missing = {
            sentence: place
            for sentence, place in raised_sentences().items()
            if is_shown(place) and translate_refusal(sentence) == sentence
        }

    assert missing == {}, "translate them in stt_web/locale/cs/refusals.json"


def test_what_a_sentence_is_filled_with_stands_in_its_translation() -> None:
    for english, czech in read_refusals("cs").items():
        values = [f"<{number}>" for number in range(english.count("{}"))]
        sentence = english
        for value in values:
            sentence = sentence.replace("{}", value, 1)
        with translation.override("cs"):
            assert translate_refusal(sentence) == czech.format(*values), english


def test_a_client_gets_english_unless_it_asks_for_czech(person: Person) -> None:
    address = "/api/v1/transcripts/0b9f2a52-5f0e-4b0e-9f07-3c6f5d3a1e10/"

    english = person.client.get(address).json()
    czech = person.client.get(address, headers={"accept-language": "cs-CZ,cs;q=0.9"}).json()

    assert english == {"error": "There is no such transcript.", "code": "not_found"}
    assert czech == {"error": "Takový přepis není.", "code": "not_found"}


def test_a_page_without_an_account_is_refused_in_its_language(db: None) -> None:
    answer = Client().get("/v1/nowhere", headers={"accept-language": "cs"})
    assert answer.json()["error"] == "Na této adrese nic není."


def test_a_stored_fault_of_a_recording_is_read_in_the_readers_language(person: Person) -> None:
    transcript = create_transcript(
        owner=person.user,
        status=Status.FAILED,
        error_code="no_audio_track",
        error_message="This file has no audio track.",
    )
    address = f"/api/v1/transcripts/{transcript.pk}/"

    read = person.client.get(address, headers={"accept-language": "cs"}).json()

    assert read["error"] == {"code": "no_audio_track", "message": "V souboru není zvuková stopa."}
    assert person.client.get(address).json()["error"]["message"] == "This file has no audio track."
