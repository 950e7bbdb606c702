"""A word and a segment are the same behind every way through storage and the wire."""

import json
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from protos.stt.v1 import speech_pb2
from transcripts.text.segments import Segment
from transcripts.text.words import TIMINGS, Word, join_words

_TIMES = st.integers(0, 2**40)
_TEXTS = st.text(min_size=1, max_size=12).map(lambda text: "".join(text.split()) or "a")
_SHARES = st.none() | st.floats(0, 1)
_MEASURES = st.none() | st.floats(-1e6, 1e6)


@st.composite
def words(draw: st.DrawFn) -> Word:
    start_ms, end_ms = sorted((draw(_TIMES), draw(_TIMES)))
    return Word(
        text=draw(_TEXTS),
        start_ms=start_ms,
        end_ms=end_ms,
        confidence=draw(_SHARES),
        space_before=draw(st.booleans()),
        timing=draw(st.sampled_from(("", *TIMINGS))),
    )


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    own = tuple(draw(st.lists(words(), max_size=4)))
    start_ms = draw(_TIMES)
    return Segment(
        start_ms=start_ms,
        end_ms=start_ms + draw(st.integers(1, 10_000)),
        text=join_words(own) or "text",
        words=own,
        confidence=draw(_SHARES),
        avg_logprob=draw(_MEASURES),
        compression_ratio=draw(_MEASURES),
        no_speech_prob=draw(_SHARES),
        temperature=draw(_SHARES),
        language=draw(st.sampled_from(("", "cs", "yue"))),
        key=draw(st.sampled_from(("", "0123456789abcdef"))),
        position=draw(st.floats(-100, 100)),
        speaker=draw(st.none() | st.integers(1, 20)),
    )


@given(words())
def test_a_word_is_the_same_behind_its_json(word: Word) -> None:
    stored = json.loads(json.dumps(word.as_json()))

    assert Word.from_json(stored) == word
    assert Word.from_json(stored).as_json() == stored


@given(segments())
def test_a_segment_is_the_same_behind_the_json_of_a_revision(segment: Segment) -> None:
    stored = json.loads(json.dumps(segment.as_json()))

    assert Segment.from_json(stored) == segment
    assert Segment.from_json(stored).as_json() == stored


@given(segments())
def test_a_segment_is_the_same_behind_the_columns_of_its_row(segment: Segment) -> None:
    row = SimpleNamespace(**json.loads(json.dumps(segment.as_columns())))

    assert Segment.from_row(row, speaker=segment.speaker) == segment


@given(words())
def test_the_wire_retains_a_word_but_for_digits_and_what_no_server_gets(word: Word) -> None:
    sent = speech_pb2.Word.FromString(word.as_proto().SerializeToString())
    received = Word.from_proto(sent)

    assert (received.text, received.start_ms, received.end_ms, received.space_before) == (
        word.text,
        word.start_ms,
        word.end_ms,
        word.space_before,
    )
    assert received.confidence == round(sent.confidence, 4)
    assert received.timing == "attention"
    assert Word.from_proto(received.as_proto()) == received


@given(words(), st.sampled_from(("aligned", "interpolated")))
def test_how_the_recogniser_timed_a_word_is_stored(word: Word, timing: str) -> None:
    message = word.as_proto()
    message.timing = speech_pb2.Timing.Value(f"TIMING_{timing.upper()}")

    assert Word.from_proto(message).timing == timing


@given(words(), words())
def test_a_recognised_segment_has_the_words_that_were_sent(one: Word, other: Word) -> None:
    sent = speech_pb2.Segment(
        start_ms=0,
        end_ms=5,
        text="x",
        words=[one.as_proto(), other.as_proto()],
        confidence=0.5,
        avg_logprob=-0.25,
        compression_ratio=1.5,
        no_speech_prob=0.125,
        temperature=0.5,
        language="cs",
    )

    assert Segment.from_proto(sent) == Segment(
        start_ms=0,
        end_ms=5,
        text="x",
        words=tuple(map(Word.from_proto, sent.words)),
        confidence=0.5,
        avg_logprob=-0.25,
        compression_ratio=1.5,
        no_speech_prob=0.125,
        temperature=0.5,
        language="cs",
    )


def test_what_an_earlier_revision_lacks_is_not_known() -> None:
    stored = {"start_ms": 0, "end_ms": 5, "text": "a", "words": []}

    assert Segment.from_json(stored) == Segment(start_ms=0, end_ms=5, text="a")  # type: ignore[arg-type]
