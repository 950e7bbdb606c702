"""Who names themselves, and whom somebody addresses: lines with their names, and traps."""

import pytest

from transcripts.intelligence.naming.cues import find_introduction, list_addressed

INTRODUCTIONS = [
    ("Hello, my name is Anna Smith and I will be your host.", "Anna Smith"),
    ("My name is Bartholomew.", "Bartholomew"),
    ("My name's Tom, and this is the evening show.", "Tom"),
    ("My name is Dr. Helen Brown.", "Helen Brown"),
    ("Good morning, this is Emma speaking.", "Emma"),
    ("Hi, this is John Carter calling about the invoice.", "John Carter"),
    ("This is Oliver from the support team.", "Oliver"),
    ("Hello, this is Laura here.", "Laura"),
    ("Peter Novak speaking, how can I help?", "Peter Novak"),
    ("Hi, Kevin here.", "Kevin"),
    ("I'm Rachel and I live in Boston.", "Rachel"),
    ("I'm Daniel, the product manager.", "Daniel"),
    ("Well, I am Susan.", "Susan"),
    ("My full name is Maria Elena Lopez.", "Maria Elena Lopez"),
    ("Dobrý den, jmenuji se Jana Nováková.", "Jana Nováková"),
    ("Jmenuju se Petr a jsem z Brna.", "Petr"),
    ("Mé jméno je Karel Dvořák.", "Karel Dvořák"),
    ("Moje jméno je Bohdana.", "Bohdana"),
    ("Dobrý den, u telefonu Svoboda.", "Svoboda"),
    ("U telefonu paní Králová.", "Králová"),
    ("Dobrý den, tady Eva z účtárny.", "Eva"),
    ("Ahoj, tady Honza.", "Honza"),
    ("Tady Procházka, u telefonu.", "Procházka"),
    ("Zde Martin Veselý, přeji dobrý den.", "Martin Veselý"),
    ("Já jsem Lucie, těší mě.", "Lucie"),
    ("Jsem Tomáš a budu vás dnes provázet.", "Tomáš"),
    ("Já jsem Tereza z marketingu.", "Tereza"),
]
TRAPS = [
    "This is John's car.",
    "This is John, he works in accounting.",
    "This is Emma from sales, she will help you.",
    "This is my colleague Tom.",
    "This is Prague.",
    "Is this John speaking?",
    "Was this Emma calling?",
    "He said, my name is Anna.",
    "She always says my name is Anna.",
    "His name is John.",
    "Her name's Emma.",
    "The movie is called My Name Is Earl.",
    "My name is on the list.",
    "My name isn't John.",
    "What is my name?",
    "If I'm Anna, then who are you?",
    "Imagine I'm Daniel and you are the client.",
    "I'm not Daniel.",
    "I'm Happy.",
    "I'm Czech.",
    "I'm Daniel's boss.",
    "I'm sure that Peter is here.",
    "John speaking at the event was great.",
    "I heard Peter speaking.",
    "They told me this is Oliver from support.",
    "I play Daniel in the series.",
    "In this role I'm Daniel, the king.",
    "Your name is Laura, isn't it?",
    "May I speak to John?",
    "This is May from the calendar.",
    "Tady Petr nebyl.",
    "Tady je Petrova kancelář.",
    "Já jsem Jana neviděl.",
    "Já jsem Petrovi nic neříkal.",
    "Jmenuje se Petr.",
    "Jmenuji se po babičce.",
    "Řekl, že jmenuji se Petr nezní dobře.",
    "Kdybych řekl, že jsem Petr, nikdo by nevěřil.",
    "To je Petr z účtárny.",
    "Tady Praha.",
    "Nejsem Tomáš.",
    "Jeho jméno je Karel.",
    "Vy jste paní Nováková?",
    "Představ si, že já jsem Lucie.",
]
ADDRESSED = [
    ("What do you think, Anna?", ["Anna"]),
    ("Anna, what do you think about that?", ["Anna"]),
    ("Okay, Peter, can you start?", ["Peter"]),
    ("Over to you, Laura.", ["Laura"]),
    ("Kevin, go ahead.", ["Kevin"]),
    ("Tom, please go ahead.", ["Tom"]),
    ("What do you think, Jane?", ["Jane"]),
    ("Co si o tom myslíš, Jane?", ["Jan"]),
    ("Co si o tom myslíš, Jano?", ["Jana"]),
    ("Petře, můžeš začít?", ["Petr"]),
    ("Tak, Evo, prosím.", ["Eva"]),
    ("Máš slovo, Tomáši.", ["Tomáš"]),
    ("Pokračuj, Marku.", ["Marek"]),
    ("Thanks, Tom.", []),
    ("We will ask Anna.", []),
    ("Anna, Peter and Tom were there.", []),
    ("Have you seen Anna?", []),
    ("Is that Anna's?", []),
    ("Right, Monday?", []),
    ("In Paris, Texas?", []),
    ("Viděl jsi Jana?", []),
    ("Řekni to Evě.", []),
    ("Děkuji, Petře.", []),
]


@pytest.mark.parametrize(("sentence", "name"), INTRODUCTIONS)
def test_who_introduces_themselves_is_found(sentence: str, name: str) -> None:
    cue = find_introduction(sentence)
    assert cue is not None
    assert cue.name == name


@pytest.mark.parametrize("sentence", TRAPS)
def test_what_only_resembles_an_introduction_is_not(sentence: str) -> None:
    assert find_introduction(sentence) is None


def test_the_next_sentence_may_show_that_another_was_meant() -> None:
    assert find_introduction("This is Emma from sales.", "She will help you with that.") is None
    assert find_introduction("This is Emma from sales.", "I will help you with that.") is not None


@pytest.mark.parametrize(("sentence", "names"), ADDRESSED)
def test_who_is_asked_by_name_is_found(sentence: str, names: list[str]) -> None:
    language = "en" if sentence.isascii() else "cs"
    assert list(list_addressed(sentence, language)) == names


def test_there_are_sixty_lines_at_least() -> None:
    assert len(INTRODUCTIONS) + len(TRAPS) + len(ADDRESSED) >= 60
