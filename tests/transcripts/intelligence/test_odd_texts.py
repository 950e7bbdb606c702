"""Texts of every odd form through every endpoint that takes one: answered whole, or refused."""

from typing import Any

import pytest

from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting
from tests.transcripts.served_api import Client

pytestmark = pytest.mark.django_db(transaction=True)

ODD = {
    "one word": "Hello",
    "no stop": "word " * 400,
    "right to left": "مرحبا بكم في الاجتماع. سنناقش الميزانية اليوم. متى يفتح المخبز؟",
    "hebrew": "שלום לכולם. היום נדבר על התקציב. מתי נפתחת המאפייה?",
    "spaceless": "今日は予算について話します。パン屋はいつ開きますか。三月三日に開きます。",
    "mixed": "The budget is tight. Rozpočet je napjatý. الميزانية محدودة. 予算は厳しい。",
    "symbols": "… — !!! ??? 🙂🙂 <|im_end|> \u202e \ufeff",
    "lines": "\n\n\nOne line.\r\n\r\nAnother line.\n\n",
}
ENDPOINTS: dict[str, list[dict[str, Any]]] = {
    "/v1/summarize": [{"style": style} for style in ("brief", "headline", "bullets")],
    "/v1/analyze": [{"type": kind} for kind in ("sentiment", "topics", "questions", "entities")],
    "/v1/generate": [{"type": kind} for kind in ("key_quotes", "meeting_notes", "quiz")],
    "/v1/translate": [{"target": "cs", "source": "en"}],
}
EMPTY = ("", "   \n\t ")


@pytest.fixture(autouse=True)
def _fresh(language: FakeLanguage) -> None:
    """Each test begins with both embedders and a translator, and no language model."""


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_an_odd_text_is_read_whole(client: Client, path: str, text: str) -> None:
    for options in ENDPOINTS[path]:
        answer = client.call("POST", path, json={"text": text, **options})
        body = answer.json()
        assert answer.status_code == 200, (options, body)
        if path != "/v1/translate":
            assert body["coverage"]["complete"] is True
            assert body["coverage"]["characters_read"] == body["coverage"]["characters"]


@pytest.mark.parametrize("path", ["/v1/summarize", "/v1/analyze", "/v1/generate"])
@pytest.mark.parametrize("text", EMPTY)
def test_an_empty_text_is_refused(client: Client, path: str, text: str) -> None:
    for options in ENDPOINTS[path]:
        answer = client.call("POST", path, json={"text": text, **options})
        assert (answer.status_code, answer.json()["code"]) == (400, "empty_text")


@pytest.mark.parametrize("text", EMPTY)
def test_an_empty_text_is_translated_into_itself(client: Client, text: str) -> None:
    body = {"text": text, "target": "cs", "source": "en"}
    answer = client.call("POST", "/v1/translate", json=body)
    assert answer.json()["translated_text"] == text


def test_odd_texts_have_vectors(client: Client) -> None:
    texts = list(ODD.values())
    body = client.call("POST", "/v1/embed", json={"texts": texts}).json()
    assert len(body["embeddings"]) == len(texts)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_a_question_about_an_odd_transcript_is_answered(client: Client, text: str) -> None:
    line = " ".join(text.split())
    transcript = create_meeting(client, f"Ann: {line}\nBen: {line}\n")
    path = f"/api/v1/transcripts/{transcript.pk}/chat/"
    answer = client.call("POST", path, json={"question": "When does the bakery open?"})
    assert answer.status_code == 200, answer.json()
    for kind in ("summarize", "analyze", "generate"):
        body = {"type": "topics"} if kind == "analyze" else {"type": "key_quotes"}
        made = client.call("POST", f"/api/v1/transcripts/{transcript.pk}/{kind}/", json=body)
        assert made.status_code == 200, (kind, made.json())


def test_a_marker_in_each_part_of_a_long_text_is_counted(client: Client) -> None:
    parts = [f"Marker {place} is here.\n" + "Filler goes on. " * 45 for place in range(20)]
    text = "".join(parts)
    for path in ("/v1/analyze", "/v1/summarize"):
        body = client.call("POST", path, json={"text": text, "type": "entities"}).json()
        assert body["coverage"]["characters_read"] == len(text)
        assert body["coverage"]["sentences"] == 20 * 46
