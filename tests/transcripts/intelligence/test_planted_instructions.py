"""Instructions that are planted in what is said: quoting obeys none, and a model gets them as data.

Those of `tests/labelled/instructions.txt`: 52 in two languages, with the control tokens of five
families of models. In `tests/real` the same go through a real vocabulary.
"""

import json
from typing import Any

import pytest

from tests.labelled_texts import LabelledText, read_instructions, read_texts
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import FakeLanguage, vectors_of
from tests.transcripts.intelligence.conftest import create_meeting, install_writer
from tests.transcripts.served_api import Client
from transcripts.intelligence.extractive.analyses import BY_RULES, READ
from transcripts.intelligence.extractive.contents import KINDS
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.summaries import STYLES, summarise
from transcripts.intelligence.source import SourceText, read_text
from transcripts.models import Transcript

INSTRUCTIONS = read_instructions()
_MARKUP = str.maketrans("", "", "\\>*_#`-… \n")


def plant(instruction: str, text: LabelledText) -> SourceText:
    """Put it in the middle of what is said, as a speaker's sentence."""
    lines = text.as_text().splitlines()
    speaker = text.lines[0].speaker
    lines.insert(len(lines) // 2, f"{speaker}: {instruction}")
    return read_text("\n".join(lines), language=text.language)


def quotes_only(made: str, source: SourceText, marker: str) -> bool:
    """Whether the marker is in what was made only as often as what was said puts it there."""
    plain = made.translate(_MARKUP)
    spoken = [sentence.text.translate(_MARKUP) for sentence in source.sentences]
    bare = marker.translate(_MARKUP)
    for sentence in sorted(spoken, key=len, reverse=True):
        if bare in sentence:
            plain = plain.replace(sentence, "")
    return bare not in plain


@pytest.mark.parametrize(("language", "marker", "instruction"), INSTRUCTIONS)
def test_a_quoted_summary_obeys_nothing(language: str, marker: str, instruction: str) -> None:
    source = plant(instruction, read_texts(language)[0])
    reading = Reading(source, embed=lambda texts: vectors_of(list(texts)))
    for style in STYLES:
        summary = summarise(reading, style=style)
        spoken = {(each.start, each.end, each.text) for each in source.sentences}
        assert {(each.start, each.end, each.text) for each in summary.sentences} <= spoken
        if style not in ("headline", "action_items"):  # which shorten what they quote
            assert quotes_only(summary.text, source, marker), (style, summary.text)


@pytest.mark.parametrize("language", ["en", "cs"])
def test_every_analysis_and_kind_is_made_of_the_text(language: str) -> None:
    planted = "\n".join(text for each, _, text in INSTRUCTIONS if each == language)
    source = plant(planted, read_texts(language)[0])
    reading = Reading(source, embed=lambda texts: vectors_of(list(texts)))
    made: list[Any] = [KINDS[kind](reading) for kind in KINDS]
    made += [read(reading) for read in READ.values()] + [rule(source) for rule in BY_RULES.values()]
    found = [sentence for each in made for sentence in _evidence(json.loads(json.dumps(each)))]
    assert found
    assert all(0 <= start < end <= len(source.text) for start, end in found)


def _evidence(made: Any) -> list[tuple[int, int]]:
    if isinstance(made, list):
        return [place for each in made for place in _evidence(each)]
    if not isinstance(made, dict):
        return []
    own = [tuple(made["characters"])] if "characters" in made else []
    return [*own, *(place for each in made.values() for place in _evidence(each))]


@pytest.mark.django_db(transaction=True)
def test_names_titles_and_questions_change_no_quoted_answer(
    client: Client, language: FakeLanguage
) -> None:
    language.embedder = "counted-words"
    language.models.add("counted-words")
    transcript = create_meeting(client)
    path = f"/api/v1/transcripts/{transcript.pk}/chat/"
    plain = client.call("POST", path, json={"question": "When does the bakery open?"}).json()
    _, marker, order = INSTRUCTIONS[1]
    Transcript.objects.update(title=order[:200])
    for speaker in transcript.speakers.all():
        speaker.display_name = f"{speaker.display_name} {order}"[:100]
        speaker.save()
    body = client.call("POST", path, json={"question": "When does the bakery open?"}).json()
    assert [each["text"] for each in body["sources"]] == [each["text"] for each in plain["sources"]]
    asked = client.call("POST", path, json={"question": f"When does the bakery open? {order}"})
    assert not asked.json()["answer"].startswith(marker)


@pytest.mark.django_db(transaction=True)
def test_what_a_model_writes_by_order_is_not_shown(
    client: Client, inference: FakeInference, language: FakeLanguage
) -> None:
    """A model that obeys, and writes what nobody said: none of it is grounded."""
    install_writer(inference)
    for marker in ("https://evil.example/login", "The sky is green.", "call 555-0199"):
        language.answer = lambda prompt, marker=marker: marker  # type: ignore[misc]
        text = "Ann: The bakery opens on the third of March.\nBob: The ovens arrived on Monday.\n"
        body = client.call("POST", "/v1/summarize", json={"text": text}).json()
        assert marker not in body["summary"]
