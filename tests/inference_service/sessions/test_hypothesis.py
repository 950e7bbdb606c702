"""Which words are committed, and that committed words stay."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inference_service.sessions.events import OutputWord
from inference_service.sessions.hypothesis import (
    LocalAgreement,
    find_continuation,
    find_cut,
    find_widest_gap,
    normalize_word,
)

WORD_MS = 400
VOCABULARY = ["a", "b", "no", "the", "Monday", "Monday,", "monday.", "-"]


def make_words(
    *texts: str, start_ms: int = 0, jitter_ms: tuple[int, ...] = ()
) -> tuple[OutputWord, ...]:
    """Words of 0.4 s, one after the other; each may lie a little off."""
    offs = (*jitter_ms, *[0] * len(texts))
    return tuple(
        OutputWord(text, begin + off, begin + off + WORD_MS, 0.9, index > 0)
        for index, (text, off) in enumerate(zip(texts, offs, strict=False))
        for begin in [start_ms + index * WORD_MS]
    )


def texts_of(words: tuple[OutputWord, ...]) -> list[str]:
    return [word.text for word in words]


hypotheses = st.lists(
    st.builds(
        lambda texts, jitter: make_words(*texts, jitter_ms=tuple(jitter)),
        st.lists(st.sampled_from(VOCABULARY), max_size=7),
        st.lists(st.integers(0, 300), max_size=7),
    ),
    max_size=8,
)


@given(hypotheses, st.lists(st.sampled_from(VOCABULARY), max_size=3))
def test_committed_words_are_a_prefix_of_all_later_text(
    updates: list[tuple[OutputWord, ...]], seeds: list[str]
) -> None:
    agreement = LocalAgreement(make_words(*seeds))
    committed = agreement.committed
    for words in updates:
        agreement.update(words)
        assert agreement.committed[: len(committed)] == committed
        committed = agreement.committed
    final = agreement.finish(updates[-1] if updates else None)
    assert final[: len(committed)] == committed


@given(hypotheses, st.data())
def test_what_is_cut_off_and_what_follows_never_changes(
    updates: list[tuple[OutputWord, ...]], data: st.DataObject
) -> None:
    agreement = LocalAgreement()
    released: tuple[OutputWord, ...] = ()
    before: tuple[OutputWord, ...] = ()
    for words in updates:
        agreement.update(words)
        text = released + agreement.committed
        assert text[: len(before)] == before
        before = text
        count = data.draw(st.integers(0, len(agreement.committed)))
        if count:
            released += agreement.release(count, cut_ms=agreement.committed[count - 1].end_ms)
    assert (released + agreement.finish())[: len(before)] == before


@given(hypotheses)
def test_the_times_of_an_utterance_never_run_backwards(
    updates: list[tuple[OutputWord, ...]],
) -> None:
    agreement = LocalAgreement()
    for words in updates:
        agreement.update(_in_order(words))
    reached_ms = 0
    for word in agreement.finish():
        assert reached_ms <= word.start_ms <= word.end_ms
        reached_ms = word.end_ms


@given(
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=6),
    st.lists(st.sampled_from(VOCABULARY), max_size=6),
    st.lists(st.integers(-300, 300), max_size=12),
)
def test_a_true_repetition_is_recognised_at_any_times(
    known: list[str], new: list[str], jitter: list[int]
) -> None:
    words = make_words(*known, *new, jitter_ms=tuple(jitter))
    assert find_continuation(make_words(*known), words) == len(known)


@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=6))
def test_words_recognised_twice_are_committed_but_for_the_last(texts: list[str]) -> None:
    agreement = LocalAgreement()
    agreement.update(make_words(*texts))
    assert agreement.committed == ()
    agreement.update(make_words(*texts))
    assert texts_of(agreement.committed) == texts[:-1]
    assert texts_of(agreement.pending) == texts[-1:]
    assert texts_of(agreement.finish()) == texts


def test_case_and_punctuation_make_no_other_word_and_the_newer_spelling_counts() -> None:
    agreement = LocalAgreement()
    agreement.update(make_words("hello", "world."))
    agreement.update(make_words("Hello,", "world", "is"))
    assert texts_of(agreement.committed) == ["Hello,", "world"]


def test_the_spelling_of_a_committed_word_does_not_change() -> None:
    agreement = LocalAgreement(make_words("Hello", "world"))
    agreement.update(make_words("hello", "World.", "Good", "day"))
    assert texts_of(agreement.finish()) == ["Hello", "world", "Good", "day"]


def test_an_empty_hypothesis_takes_only_what_is_pending() -> None:
    agreement = LocalAgreement(make_words("one", "two"))
    agreement.update(make_words("one", "two", "three"))
    agreement.update(())
    assert texts_of(agreement.committed) == ["one", "two"]
    assert agreement.pending == ()


def test_a_hypothesis_that_lost_its_beginning_goes_on_where_it_was() -> None:
    agreement = LocalAgreement(make_words("one", "two", "three"))
    agreement.update(make_words("two", "three", "four", start_ms=WORD_MS))
    assert texts_of(agreement.pending) == ["four"]


def test_a_word_recognised_differently_later_does_not_appear_twice() -> None:
    agreement = LocalAgreement(make_words("we", "meat", "again"))
    agreement.update(make_words("we", "meet", "again", "today"))
    assert texts_of(agreement.finish()) == ["we", "meat", "again", "today"]


def test_entirely_different_words_are_separated_by_their_times() -> None:
    agreement = LocalAgreement(make_words("one", "two", "three"))
    agreement.update(make_words("alpha", "beta", "gamma", "delta"))
    assert texts_of(agreement.pending) == ["delta"]


def test_a_true_repetition_of_a_word_stays() -> None:
    agreement = LocalAgreement(make_words("no"))
    agreement.update(make_words("no", "no", "no"))
    assert texts_of(agreement.finish()) == ["no", "no", "no"]


def test_the_end_of_a_word_that_was_cut_off_is_not_repeated() -> None:
    agreement = LocalAgreement(make_words("good", "morning", "everyone", "here"))
    agreement.release(3, cut_ms=3 * WORD_MS - 50)
    agreement.update(make_words("Everyone,", "here", "we", "are", start_ms=3 * WORD_MS - 50))
    assert texts_of(agreement.finish()) == ["here", "we", "are"]


def test_the_same_word_spoken_again_after_a_cut_stays() -> None:
    agreement = LocalAgreement(make_words("very"))
    agreement.release(1, cut_ms=WORD_MS)
    agreement.update(make_words("very", "good", start_ms=2 * WORD_MS))
    assert texts_of(agreement.finish()) == ["very", "good"]


def test_speech_is_cut_at_the_last_sentence_or_the_widest_gap() -> None:
    words = make_words("One.", "Two", "three.”", "Four")
    assert find_cut(words) == 3
    assert find_cut(make_words("one", "two")) == 0
    abbreviated = make_words("One.", "Ask", "Dr.", "Who", "etc.")
    assert find_cut(abbreviated) == 5
    assert find_cut(abbreviated, make_words("and", "others")) == 1
    apart = (*make_words("one", "two", "three"), *make_words("four", start_ms=5000))
    assert find_widest_gap(apart) == 3
    assert find_widest_gap(make_words("one")) == 0


def test_words_are_normalized_and_signs_are_words_too() -> None:
    assert normalize_word(make_words("Straße,")[0]) == "strasse"
    assert normalize_word(make_words("-")[0]) == "-"


def _in_order(words: tuple[OutputWord, ...]) -> tuple[OutputWord, ...]:
    """What `map_to_recording` promises of a hypothesis."""
    ordered: list[OutputWord] = []
    reached_ms = 0
    for word in words:
        start_ms = max(word.start_ms, reached_ms)
        reached_ms = max(word.end_ms, start_ms)
        ordered.append(replace(word, start_ms=start_ms, end_ms=reached_ms))
    return tuple(ordered)


def test_words_whose_language_is_not_sure_yet_stay_pending() -> None:
    agreement = LocalAgreement()
    words = make_words("we", "know", "it", "all", "now")
    for _ in range(2):
        agreement.update(words, commit_before_ms=2 * WORD_MS)
    assert texts_of(agreement.committed) == ["we", "know"]
    assert texts_of(agreement.pending) == ["it", "all", "now"]
    agreement.update(words, commit_before_ms=None)
    assert texts_of(agreement.committed) == ["we", "know", "it", "all"]
