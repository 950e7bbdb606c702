"""Words become sentences of one speaker, and none of them is lost, changed or moved."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.text.segmentation import (
    LONGEST_MS,
    LONGEST_PAUSE_MS,
    SpokenWord,
    form_segments,
)
from transcripts.text.words import Word, join_words

WORD_MS = 400


def _speak(
    text: str, *, begin_ms: int = 0, speaker: int = 0, language: str = ""
) -> list[SpokenWord]:
    """Each word takes 400 ms; "|" is a pause of a second more, "||" of two more …"""
    words: list[SpokenWord] = []
    at_ms = begin_ms
    for part in text.split():
        if set(part) == {"|"}:
            at_ms += 1000 * len(part)
            continue
        word = Word(part, at_ms, at_ms + WORD_MS, 0.9)
        words.append(SpokenWord(word, speaker=speaker, language=language))
        at_ms += WORD_MS
    return words


def _texts(words: Sequence[SpokenWord]) -> list[str]:
    return [join_words(each.word for each in segment) for segment in form_segments(words)]


def test_a_sentence_is_a_segment_however_the_recogniser_cut_it() -> None:
    words = _speak("We went down to the river. There was no bridge that we could see.")
    cut = [replace(word, source=at // 4) for at, word in enumerate(words)]
    assert _texts(cut) == [
        "We went down to the river.",
        "There was no bridge that we could see.",
    ]


def test_a_pause_of_more_than_two_seconds_ends_a_segment() -> None:
    assert _texts(_speak("and then we saw ||| the old house")) == [
        "and then we saw",
        "the old house",
    ]


def test_a_name_stays_with_its_title_however_long_the_speaker_pauses() -> None:
    assert _texts(_speak("We met Mr. | Smith there.")) == ["We met Mr. Smith there."]
    assert _texts(_speak("Apples, pears etc. | Then we left.")) == [
        "Apples, pears etc.",
        "Then we left.",
    ]


def test_a_long_sentence_is_not_divided_behind_a_title() -> None:
    spoken = (
        "yesterday in the old town hall we all shook hands with Mr. Smith and Dr. Brown who had"
        " come by the last tram"
    )
    assert not [part for part in _texts(_speak(spoken, language="en")) if part.endswith(".")]


def test_another_speaker_is_another_segment_in_the_middle_of_a_sentence() -> None:
    words = _speak("I wanted to say", speaker=1) + _speak("no, wait.", begin_ms=1600, speaker=2)
    assert _texts(words) == ["I wanted to say", "no, wait."]


def test_another_language_is_another_segment() -> None:
    words = _speak("he said to me", language="en") + _speak(
        "guten Morgen", begin_ms=1600, language="de"
    )
    assert _texts(words) == ["he said to me", "guten Morgen"]


@pytest.mark.parametrize(
    "text",
    [
        "We met Dr. Watson at the gate of the old garden.",
        "It was raised by J. Smith and the U.S. Senate last year.",
        'They asked "Why?" and nobody there had an answer.',
        "Well… it may be so, and it may not be so.",
    ],
)
def test_a_stop_that_ends_no_sentence_divides_nothing(text: str) -> None:
    assert _texts(_speak(text)) == [text]


def test_an_ordinal_number_ends_no_sentence_in_languages_that_write_it_with_a_stop() -> None:
    text = "Wir sehen uns am 3. Mai in der alten Schule."
    assert _texts(_speak(text, language="de")) == [text]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("कल हम सब नदी के किनारे गए।", "वहाँ कोई पुल नहीं था भाई।"),
        ("هل ذهبت إلى المدرسة في الصباح؟", "نعم ذهبت إلى هناك مع أخي."),
        ("کیا آپ کل بازار گئے تھے۔", "جی ہاں میں وہاں گیا تھا۔"),
    ],
)
def test_sentences_end_as_their_script_ends_them(first: str, second: str) -> None:
    assert _texts(_speak(f"{first} {second}")) == [first, second]


def test_chinese_sentences_are_found_without_spaces() -> None:
    text = "今天我们去学校上课。明天我们去看电影吧。"
    words = [
        SpokenWord(Word(character, at * 300, at * 300 + 300, 0.9, False), language="zh")
        for at, character in enumerate(text)
    ]
    assert _texts(words) == ["今天我们去学校上课。", "明天我们去看电影吧。"]


def test_a_long_sentence_is_divided_at_its_commas() -> None:
    text = (
        "When the long rain had ended at last in the valley, the people came out of their houses,"
        " and they looked at what was left of the bridge over the river."
    )
    sentences = _texts(_speak(text))
    assert len(sentences) > 1
    assert all(sentence.endswith((",", ".")) for sentence in sentences)


def test_a_hyphenated_word_is_never_divided() -> None:
    words = _speak(" ".join(["word"] * 12))
    words.append(SpokenWord(Word("MS", 4800, 5000, 0.9)))
    words.append(SpokenWord(Word("-13,", 5000, 5200, 0.9, space_before=False)))
    words += _speak(" ".join(["word"] * 12), begin_ms=5200)
    assert not any(sentence.startswith("-") for sentence in _texts(words))


def test_one_word_sentences_join_the_next_within_a_breath() -> None:
    assert _texts(_speak("Yes. I think that this is right.")) == [
        "Yes. I think that this is right."
    ]
    assert _texts(_speak("Yes. | I think that this is right.")) == [
        "Yes.",
        "I think that this is right.",
    ]


@st.composite
def _transcripts(draw: st.DrawFn) -> list[SpokenWord]:
    words: list[SpokenWord] = []
    at_ms = 0
    for number in range(draw(st.integers(0, 120))):
        at_ms += draw(st.sampled_from([0, 0, 0, 50, 300, 900, 2500]))
        length_ms = draw(st.integers(0, 900))
        words.append(
            SpokenWord(
                Word(
                    draw(
                        st.sampled_from(["a", "und", "so,", "ja.", "Dr.", "-13", "好", "ไทย", "क।"])
                    ),
                    at_ms,
                    at_ms + length_ms,
                    0.5,
                    space_before=draw(st.booleans()),
                ),
                speaker=draw(st.sampled_from([1, 1, 1, 1, 2])),
                source=number // 7,
            )
        )
        at_ms += length_ms
    return words


@given(_transcripts())
def test_every_word_is_in_one_segment_in_its_order(words: list[SpokenWord]) -> None:
    segments = form_segments(words)
    assert [word for segment in segments for word in segment] == words
    assert all(segments)


@given(_transcripts())
def test_no_segment_is_too_long(words: list[SpokenWord]) -> None:
    for segment in form_segments(words):
        assert segment[-1].word.end_ms - segment[0].word.start_ms <= LONGEST_MS


@given(_transcripts())
def test_a_segment_with_length_has_one_speaker(words: list[SpokenWord]) -> None:
    timed = [word for word in words if word.word.end_ms > word.word.start_ms]
    for segment in form_segments(timed):
        assert len({word.speaker for word in segment}) == 1
        for before, after in pairwise(segment):
            assert after.word.start_ms - before.word.end_ms <= LONGEST_PAUSE_MS
