"""How written words are spoken, and what a word that no dictionary has sounds like."""

import pytest

from inference_service.engines.letter_to_sound import pronounce
from inference_service.engines.spoken_english import read_aloud


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1984,", ["nineteen eighty four", "one thousand nine hundred eighty four"]),
        ("2003", ["twenty oh three", "two thousand three", "two thousand and three"]),
        ("250", ["two hundred fifty", "two fifty", "two hundred and fifty"]),
        ("1,200", ["one thousand two hundred", "twelve hundred"]),
        ("007", ["zero zero seven"]),
        ("3.5", ["three point five"]),
        ("21st", ["twenty first"]),
        ("1980s", ["nineteen eighties"]),
        ("$25", ["twenty five dollars"]),
        ("$3.50", ["three dollars fifty"]),
        ("15%", ["fifteen percent"]),
        ("FBI", ["f. b. i."]),
        ("NATO's", ["nato's"]),
        ("Mr.", ["mister"]),
        ("don’t", ["don't"]),
        ("&", ["and"]),
    ],
)
def test_a_written_word_has_the_readings_that_people_use(text: str, expected: list[str]) -> None:
    (unit,) = read_aloud(text)

    readings = {" ".join(reading) for reading in unit.readings}
    assert set(expected) <= readings


@pytest.mark.parametrize(
    ("text", "count"),
    [("know-how", 2), ("10:30", 2), ("MS-13,", 2), ("state-of-the-art", 4), ("—", 0), ("...", 0)],
)
def test_runs_of_speech_are_cut_where_a_pause_may_lie(text: str, count: int) -> None:
    assert len(read_aloud(text)) == count


@pytest.mark.parametrize(
    "text", ["9" * 400, "0" * 400, "a" * 400, "٣", "²", "½", "$", "1,,,2", "'"]
)
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(reading for unit in read_aloud(text) for reading in unit.readings)


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("Zyntrax", "Z IH N T R AE K S"),
        ("Škoda", "S K AA D AH"),
        ("time", "T AY M"),
        ("phishing", "F IH SH IH NG"),
        ("中文", ""),
    ],
)
def test_a_word_is_pronounced_by_its_letters(word: str, sounds: str) -> None:
    assert pronounce(word) == sounds
