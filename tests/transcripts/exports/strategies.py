"""Transcripts and profiles as hypothesis makes them up: hurried, overlapping, in any script."""

from hypothesis import strategies as st

from tests.transcripts.exports.documents import LONG_WORD, document
from transcripts.exports.document import Document
from transcripts.exports.profiles import BOUNDS, PROFILES, Profile
from transcripts.text.segments import Segment
from transcripts.text.words import Word, join_words

# fmt: off
_WORDS = (
    "a", "the", "and", "Dr", "Novák", "speech.", "Really?", "that", "e.g.", "1,250", LONG_WORD,
    "صباح", "שלום", "नमस्ते", "สวัสดีชาวโลก", "👩‍👩‍👧", "🎉", "<b>", "&", "-->", "WEBVTT", "NOTE",
)
_EAST_ASIAN = (
    "你", "好", "世界。", "，", "这是中文", "これは", "テスト。",
    "漢字かな交じり文の長い単語である", "안녕하세요", "세계.",
)
# fmt: on


@st.composite
def segments(draw: st.DrawFn, *, start_ms: int) -> Segment:
    texts = draw(st.lists(st.sampled_from(_WORDS + _EAST_ASIAN), min_size=1, max_size=30))
    words: list[Word] = []
    at_ms = start_ms
    for number, text in enumerate(texts):
        at_ms += draw(st.sampled_from((0, 0, 0, 5, 120, 900, 4_000)))
        end_ms = at_ms + draw(st.sampled_from((0, 1, 40, 300, 900, 9_000)))
        has_space = number > 0 and not (text in _EAST_ASIAN and texts[number - 1] in _EAST_ASIAN)
        words.append(Word(text, at_ms, end_ms, 0.9, has_space))
        at_ms = end_ms
    is_timed = draw(st.booleans())
    speaker = draw(st.sampled_from((None, "Anna", "Jiří Dvořák")))
    return Segment(
        start_ms,
        max(at_ms, start_ms + 1),
        join_words(words),
        tuple(words) * is_timed,
        0.9,
        speaker_name=speaker,
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Return segments in order of time; the next may begin before one has ended."""
    made: list[Segment] = []
    start_ms = 0
    for _ in range(draw(st.integers(0, 8))):
        made.append(draw(segments(start_ms=start_ms)))
        start_ms = draw(st.integers(start_ms, made[-1].end_ms + 3_000))
    return document(*made, language=draw(st.sampled_from(("en", "zh", "ja", "ko", "th"))))


def profiles() -> st.SearchStrategy[Profile]:
    """Return the profiles with names, and what may be asked for by numbers."""
    low, high = zip(*BOUNDS.values(), strict=True)
    limits = dict(zip(BOUNDS, zip(low, high, strict=True), strict=True))
    custom = st.builds(
        Profile,
        name=st.just("custom"),
        line_characters=st.integers(*map(int, limits["line_characters"])),
        lines=st.integers(*map(int, limits["lines"])),
        characters_a_second=st.floats(*limits["characters_a_second"]),
        min_duration_ms=st.integers(100, 5_000),
        max_duration_ms=st.integers(1_000, 30_000),
        gap_ms=st.integers(0, 1_000),
        is_literal=st.booleans(),
    ).filter(lambda profile: profile.min_duration_ms < profile.max_duration_ms)
    return st.one_of(st.sampled_from(tuple(PROFILES.values())), custom)
