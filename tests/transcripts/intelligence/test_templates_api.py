"""Templates: built in and an account's own, checked when stored, filled with evidence."""

from typing import Any

import pytest

from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import WRITER, FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting, install_writer
from tests.transcripts.intelligence.texts import CZECH_MEETING
from tests.transcripts.served_api import Client, make_client
from transcripts.intelligence.models import NoteTemplate
from transcripts.intelligence.outlines.builtin import BUILT_IN
from transcripts.intelligence.outlines.fill import SOURCES
from transcripts.intelligence.outlines.find import BUILT_IN_NAMES
from transcripts.intelligence.outlines.variables import fill_variables
from transcripts.models import Segment, Transcript
from transcripts.services.note_templates import BUILT_IN_IDS

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/v1/templates/"
OWN = {
    "name": "Mine",
    "sections": [
        {"title": "About {{title}}", "instruction": "What is said.", "source": "summary"},
        {"title": "{{date}}: {{ speakers }}", "source": "action_items"},
        {"title": "The bakery", "instruction": "The bakery and its ovens. {{notes}}"},
    ],
}


def create(client: Client, **changes: Any) -> dict[str, Any]:
    answer = client.call("POST", PATH, json={**OWN, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def fill(client: Client, transcript: Transcript, template: str, **fields: Any) -> dict[str, Any]:
    path = f"/api/v1/transcripts/{transcript.pk}/generate/"
    answer = client.call("POST", path, json={"template": template, **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_each_built_in_template_is_there_in_both_languages() -> None:
    assert set(BUILT_IN["en"]) == set(BUILT_IN["cs"]) == set(BUILT_IN_IDS) == set(BUILT_IN_NAMES)
    for outlines in BUILT_IN.values():
        for name, sections in outlines.values():
            assert name
            assert all(title and order and source in SOURCES for title, order, source in sections)
    for template_id, (_, sections) in BUILT_IN["en"].items():
        assert [each[2] for each in sections] == [
            each[2] for each in BUILT_IN["cs"][template_id][1]
        ]


@pytest.mark.parametrize("template", BUILT_IN_IDS)
@pytest.mark.parametrize("text", ["en", "cs"])
def test_each_built_in_template_is_filled_from_the_text_alone(
    client: Client, language: FakeLanguage, template: str, text: str
) -> None:
    czech = {"text": CZECH_MEETING, "language": "cs"} if text == "cs" else {}
    transcript = create_meeting(client, **czech)
    body = fill(client, transcript, template)
    texts = [each.text for each in Segment.objects.filter(transcript=transcript)]
    speakers = [each.display_name for each in transcript.speakers.all()]
    for section in body["data"]["sections"]:
        assert section["approximate"] is True
        assert f"## {section['title']}" in body["content"]
        if section["source"] == "chapters":  # whose titles are keywords
            continue
        for item in section["items"]:
            (order,) = item["evidence"]["segments"]
            quoted = item.get("task") or item["text"]
            assert (
                quoted in texts[order]
                or quoted in speakers
                or quoted.lower() in texts[order].lower()
            )
    assert body["approximate"] is True
    assert template == "medical_visit" or any(each["items"] for each in body["data"]["sections"])


def test_an_accounts_own_is_made_read_changed_and_deleted(client: Client) -> None:
    made = create(client)
    assert made["is_built_in"] is False
    assert made["sections"][2]["source"] == "passages"
    path = f"{PATH}{made['id']}/"
    assert client.get(path).json() == made
    listed = client.get(PATH).json()
    assert [each["id"] for each in listed["results"]] == [*BUILT_IN_IDS, made["id"]]
    changed = client.call("PUT", path, json={**OWN, "name": "Other"}).json()
    assert changed["name"] == "Other"
    assert client.call("DELETE", path).status_code == 204
    assert client.call("DELETE", path).status_code == 404
    assert not NoteTemplate.objects.exists()


def test_built_in_ones_are_shown_in_a_language_and_not_changed(client: Client) -> None:
    assert client.get(f"{PATH}meeting/?language=cs").json()["name"] == "Porada"
    assert client.get(f"{PATH}meeting/").json()["name"] == "Meeting"
    assert client.call("PUT", f"{PATH}meeting/", json=OWN).status_code == 404
    assert client.call("DELETE", f"{PATH}meeting/").status_code == 404
    assert client.get(f"{PATH}nothing/").status_code == 404


def test_variables_have_the_transcripts_values(
    client: Client, meeting: Transcript, language: FakeLanguage
) -> None:
    language.embedder = "counted-words"  # whose bar is not that of a real model
    language.models.add("counted-words")
    template = create(client)
    body = fill(client, meeting, template["id"], notes="The gas, too.")
    first, second, third = body["data"]["sections"]
    assert first["title"] == "About The meeting"
    assert second["title"] == f"{meeting.created_at:%Y-%m-%d}: Ruth, Omar, Lena"
    assert [item["owner"] for item in second["items"]] == ["Omar", "Omar", "Lena"]
    assert any("bakery" in item["text"] for item in third["items"])
    assert (body["template"]["id"], body["template"]["name"]) == (template["id"], "Mine")
    (stored,) = client.get(f"/api/v1/transcripts/{meeting.pk}/results/").json()["results"]
    assert (stored["kind"], stored["name"]) == ("template", template["id"])


def test_a_value_is_text_and_never_a_template_again() -> None:
    assert fill_variables("{{title}}", {"title": "{{notes}}", "notes": "x"}) == "{{notes}}"
    assert fill_variables("{{ title }} {{notes}}", {"title": "a"}) == "a "


@pytest.mark.parametrize(
    "sections",
    [
        [],
        [{"title": ""}],
        [{"title": "{{secret}}"}],
        [{"title": "T", "instruction": "{{ title.__class__ }}"}],
        [{"title": "T", "instruction": "{% include 'x' %}"}],
        [{"title": "T", "instruction": "{{title"}],
        [{"title": "T", "source": "magic"}],
        [{"title": "T" * 101}],
        [{"title": "T", "instruction": "i" * 1_001}],
        [{"title": "T"}] * 21,
        "sections",
        ["T"],
    ],
)
def test_what_can_not_be_filled_is_refused_when_it_is_stored(
    client: Client, sections: object
) -> None:
    answer = client.call("POST", PATH, json={"name": "Mine", "sections": sections})
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_template", "invalid_value")
    assert not NoteTemplate.objects.exists()


def test_an_idempotency_key_makes_one_template(client: Client) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (client.call("POST", PATH, json=OWN, headers=headers) for _ in range(2))
    assert (first.status_code, second.json()) == (201, first.json())
    assert NoteTemplate.objects.count() == 1


def test_templates_are_their_accounts_own(client: Client, meeting: Transcript) -> None:
    made = create(client)
    stranger = make_client(client.url)
    path = f"{PATH}{made['id']}/"
    assert stranger.get(path).status_code == 404
    assert stranger.call("PUT", path, json=OWN).status_code == 404
    assert stranger.call("DELETE", path).status_code == 404
    theirs = create_meeting(stranger)
    answer = stranger.call(
        "POST", f"/api/v1/transcripts/{theirs.pk}/generate/", json={"template": made["id"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_template")


def test_a_type_and_a_template_are_one_too_many(client: Client, meeting: Transcript) -> None:
    path = f"/api/v1/transcripts/{meeting.pk}/generate/"
    both = client.call("POST", path, json={"template": "meeting", "type": "quiz"})
    assert (both.status_code, both.json()["code"]) == (400, "invalid_value")


def test_a_language_model_writes_what_the_text_bears_out(
    client: Client, meeting: Transcript, inference: FakeInference
) -> None:
    install_writer(inference)
    inference.language.answer = lambda prompt: (
        "NOTHING"
        if "The bakery”" in prompt
        else "The bakery opens on the third of March. Everybody moves to Paris."
    )
    template = create(client)
    body = fill(client, meeting, template["id"])
    first, second, third = body["data"]["sections"]
    assert [item["text"] for item in first["items"]] == ["The bakery opens on the third of March."]
    assert (first["approximate"], second["approximate"], third["approximate"]) == (
        False,
        True,
        False,
    )
    assert third["items"] == []
    assert "Nothing was said about this." in body["content"]
    assert (body["model"], body["approximate"], body["warnings"]) == (WRITER, False, [])


def test_a_model_in_another_language_gives_way_to_quotes_and_a_warning(
    client: Client, meeting: Transcript, inference: FakeInference
) -> None:
    install_writer(inference)
    inference.language.answer = lambda prompt: (
        "Toto je úplně jiný jazyk a nikdo mu tady vůbec nerozumí."
    )
    body = fill(client, meeting, create(client)["id"])
    assert body["approximate"] is True
    assert {warning["code"] for warning in body["warnings"]} == {"other_language"}
    assert "nerozumí" not in body["content"]
