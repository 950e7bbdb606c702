"""Suggestions of names from whole conversations: what bears them out, and what stops them."""

from tests.transcripts.exports.documents import document, segment
from transcripts.exports.document import Document
from transcripts.intelligence.naming.suggest import NameSuggestion, SpeakerNames, suggest_names


def talk(*lines: tuple[int, str], language: str = "en") -> Document:
    segments = (
        segment(n * 4000, n * 4000 + 3000, text, speaker=f"Speaker {number}")
        for n, (number, text) in enumerate(lines)
    )
    return document(*segments, language=language)


def suggest(
    made: Document,
    *,
    given: dict[int, str] | None = None,
    dismissed: dict[int, frozenset[str]] | None = None,
) -> list[NameSuggestion]:
    labels = dict(enumerate(made.speakers, 1))
    return suggest_names(made, SpeakerNames(labels, given or {}, dismissed or {}))


def names_of(suggestions: list[NameSuggestion]) -> dict[int, str]:
    return {each.speaker: each.name for each in suggestions}


INTRODUCED = talk(
    (1, "Good morning. My name is Anna Smith."),
    (2, "Hello Anna, this is Kevin speaking."),
    (1, "Kevin, what is your question?"),
    (2, "Well, I can't log in."),
)


def test_each_speaker_gets_their_name_with_what_bears_it_out() -> None:
    anna, kevin = suggest(INTRODUCED)

    assert names_of([anna, kevin]) == {1: "Anna Smith", 2: "Kevin"}
    assert [each.order for each in anna.evidence] == [0]
    assert sorted(each.order for each in kevin.evidence) == [1, 2]
    assert kevin.score >= anna.score - 0.05
    shown = anna.evidence[0].as_json()
    assert (shown["segment_order"], shown["start"], shown["speaker"]) == (0, 0.0, "Speaker 1")


def test_who_is_asked_by_name_and_answers_is_named_in_czech() -> None:
    made = talk(
        (1, "Co si o tom myslíš, Jano?"),
        (2, "Ano, já bych to udělala."),
        (1, "Děkuju."),
        language="cs",
    )
    assert names_of(suggest(made)) == {2: "Jana"}


def test_among_many_one_address_alone_is_not_enough() -> None:
    one = [(1, "Peter, can you start?"), (2, "The plan has three parts."), (3, "Good.")]
    assert suggest(talk(*one)) == []
    answered = [(1, "Peter, can you start?"), (2, "Sure, the plan has three parts."), (3, "Good.")]
    assert names_of(suggest(talk(*answered))) == {2: "Peter"}


def test_an_answer_by_the_same_speaker_or_much_later_is_none() -> None:
    assert suggest(talk((1, "Peter, can you start?"), (1, "Yes, do."), (2, "Hm."))) == []
    late = document(
        segment(0, 2000, "Peter, can you start?", speaker="Speaker 1"),
        segment(60_000, 62_000, "Yes, I can.", speaker="Speaker 2"),
    )
    assert suggest(late) == []


def test_two_names_for_one_speaker_are_none() -> None:
    made = talk((1, "My name is Anna."), (2, "Hello."), (1, "My name is Peter."))
    assert suggest(made) == []


def test_one_name_for_two_speakers_goes_to_neither() -> None:
    assert suggest(talk((1, "My name is Anna."), (2, "My name is Anna."))) == []


def test_who_has_a_name_and_whose_name_is_taken_get_none() -> None:
    assert names_of(suggest(INTRODUCED, given={1: "Anna Smith"})) == {2: "Kevin"}
    assert names_of(suggest(INTRODUCED, given={1: "Kevin Young"})) == {}


def test_a_refused_name_is_not_suggested_again() -> None:
    refused = suggest(INTRODUCED, dismissed={2: frozenset({"kevin"})})
    assert names_of(refused) == {1: "Anna Smith"}


def test_a_text_without_speakers_or_words_has_none() -> None:
    assert suggest(document()) == []
    assert suggest(document(segment(0, 1000, "My name is Anna."))) == []
