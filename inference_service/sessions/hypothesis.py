"""What is recognised of an utterance while it lasts: committed words, and pending ones.

Pure. The rule is LocalAgreement-2 on words (Macháček, Dabre, Bojar 2023, "Turning Whisper into
Real-Time Transcription System", after Liu et al. 2020): a word is committed once two recognitions
in a row agree on it and on all before it. What is committed never changes.

A recogniser gets the whole tail of the audio again each time, and the text differs: times move
by tenths of a second, words fall out, and after a cut the end of the last word may recur. So
the beginning of each hypothesis is first matched against what is committed (`find_continuation`).
"""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from inference_service import sentence_ends
from inference_service.sessions.events import OutputWord as Word

# How far a recognised time may be off before it counts against a match (whisper_streaming's 0.1 s).
_JITTER_MS = 100
# What a word on the wrong side of the committed end costs, in edits. Less than a whole edit: text
# that matches counts more than times.
_MISPLACED = 0.5
# After a cut in the middle of speech, so many of the words before it may recur (5 in
# whisper_streaming), if the first one begins within so much of the cut.
_LONGEST_ECHO = 5
_ECHO_WITHIN_MS = 200
_LEAST_CUT = 3  # words


class LocalAgreement:
    """The words of one utterance: `update` while it lasts, `finish` at its end."""

    def __init__(self, committed: Sequence[Word] = ()) -> None:
        """committed: what is known already, when a broken-off call goes on."""
        self.committed: tuple[Word, ...] = tuple(committed)
        self.pending: tuple[Word, ...] = ()
        self._released: tuple[Word, ...] = ()  # the last ones; they may echo
        self._cut_ms = 0

    def update(self, words: Sequence[Word], *, commit_before_ms: int | None = None) -> None:
        """Take in a newer hypothesis, of the audio from the last release (or the start) on.

        Its last word is never committed, even if it was recognised twice: it may be cut off. Nor
        are words that end after `commit_before_ms`: in what language they are isn't sure yet.
        """
        rest = self._find_new(words)
        agreed = count_agreeing(self.pending, _ending_before(rest[:-1], commit_before_ms))
        self.committed += rest[:agreed]
        self.pending = rest[agreed:]

    def finish(self, words: Sequence[Word] | None = None) -> tuple[Word, ...]:
        """Return the utterance's words: the committed ones and what the last hypothesis adds.

        words: that hypothesis; None where none was accepted: what was pending stays.
        """
        rest = self.pending if words is None else self._find_new(words)
        return self.committed + rest

    def release(self, count: int, *, cut_ms: int) -> tuple[Word, ...]:
        """Remove the first committed words, for good; later hypotheses begin at the cut."""
        words, self.committed = self.committed[:count], self.committed[count:]
        self._released = (self._released + words)[-_LONGEST_ECHO:]
        self._cut_ms = cut_ms
        return words

    def _find_new(self, words: Sequence[Word]) -> tuple[Word, ...]:
        words = tuple(words)[count_echo(self._released, words, cut_ms=self._cut_ms) :]
        rest = words[find_continuation(self.committed, words) :]
        earliest_ms = self.committed[-1].end_ms if self.committed else self._cut_ms
        return move_after(rest, earliest_ms=earliest_ms)


def count_agreeing(one: Sequence[Word], other: Sequence[Word]) -> int:
    """Count the words with which both begin, ignoring case and punctuation."""
    agreeing = map(operator.eq, map(normalize_word, one), map(normalize_word, other))
    return sum(1 for _ in takewhile(bool, agreeing))


def count_echo(released: Sequence[Word], words: Sequence[Word], *, cut_ms: int) -> int:
    """Count the first words that only repeat the end of what was released, right at the cut."""
    if not words or words[0].start_ms - cut_ms > _ECHO_WITHIN_MS:
        return 0
    for count in range(min(len(released), len(words)), 0, -1):
        if count_agreeing(released[-count:], words) == count:
            return count
    return 0


def find_continuation(committed: Sequence[Word], words: Sequence[Word]) -> int:
    """Return how many of the first words repeat what is committed.

    All splits are weighed: the edits from `committed` to the words before it (Levenshtein), and how
    many words lie on the wrong side of the committed end. Quadratic, but for a true repetition.
    """
    if count_agreeing(committed, words) == len(committed):
        return len(committed)
    edits = _count_edits(committed, words)
    misplaced = _count_misplaced(words, end_ms=committed[-1].end_ms)
    costs = [edit + _MISPLACED * wrong for edit, wrong in zip(edits, misplaced, strict=True)]
    return costs.index(min(costs))


def find_cut(words: Sequence[Word], pending: Sequence[Word] = ()) -> int:
    """Return how many of the first words end the last sentence in them; 0 if none ends.

    pending: what comes after them, as far as it is known.
    """
    following = [*(word.text for word in (*words, *pending)[1:]), ""]
    ends = [
        count
        for count, (word, after) in enumerate(zip(words, following, strict=False), start=1)
        if sentence_ends.ends_sentence(word.text, after, language=word.language)
    ]
    return ends[-1] if ends else 0


def find_widest_gap(words: Sequence[Word]) -> int:
    """Return how many of the first words lie before the longest pause between two; 0 if none do.

    No fewer than three: a word or two by themselves are no text to read.
    """
    gaps = [after.start_ms - before.end_ms for before, after in pairwise(words)][_LEAST_CUT - 1 :]
    return gaps.index(max(gaps)) + _LEAST_CUT if gaps else 0


def find_pause(words: Sequence[Word], pauses_ms: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return how many of the words lie before the first pause that is fit to cut in, and where.

    pauses_ms: (start, end) as voice activity has them, the best first. A pause is fit if three
    words or more lie before it, and a word behind it. (0, 0) if none is.
    """
    middles_ms = [(word.start_ms + word.end_ms) // 2 for word in words]
    for start_ms, end_ms in pauses_ms:
        cut_ms = (start_ms + end_ms) // 2
        count = sum(middle_ms < cut_ms for middle_ms in middles_ms)
        if _LEAST_CUT <= count < len(words):
            return count, cut_ms
    return 0, 0


def ends_sentence(words: Sequence[Word]) -> bool:
    """Return whether the last word ends a sentence; one that trails off (…) does not."""
    if not words or sentence_ends.trails_off(words[-1].text):
        return False
    return sentence_ends.ends_sentence(words[-1].text, language=words[-1].language)


def move_after(words: Sequence[Word], *, earliest_ms: int) -> tuple[Word, ...]:
    """Move words so that none begins before the end of the one in front."""
    if not words or words[0].start_ms >= earliest_ms:
        return tuple(words)
    return tuple(
        replace(
            word,
            start_ms=max(word.start_ms, earliest_ms),
            end_ms=max(word.end_ms, earliest_ms),
        )
        for word in words
    )


def normalize_word(word: Word) -> str:
    """Return the word's letters and digits in lower case; its text, if it has none."""
    return "".join(filter(str.isalnum, word.text)).casefold() or word.text


def _ending_before(words: Sequence[Word], time_ms: int | None) -> Sequence[Word]:
    if time_ms is None:
        return words
    return tuple(takewhile(lambda word: word.end_ms <= time_ms, words))


def _count_edits(committed: Sequence[Word], words: Sequence[Word]) -> list[int]:
    """Return for each number of first words the edits that turn `committed` into them."""
    normalized = [normalize_word(word) for word in words]
    row = list(range(len(words) + 1))
    for wanted in map(normalize_word, committed):
        diagonal, row[0] = row[0], row[0] + 1
        for index, found in enumerate(normalized):
            replaced = diagonal + (wanted != found)
            diagonal = row[index + 1]
            row[index + 1] = min(replaced, diagonal + 1, row[index] + 1)
    return row


def _count_misplaced(words: Sequence[Word], *, end_ms: int) -> list[int]:
    """Return for each split the words before it that lie after `end_ms`, and the other way."""
    middles_ms = [(word.start_ms + word.end_ms) // 2 for word in words]
    counts = [sum(middle < end_ms - _JITTER_MS for middle in middles_ms)]
    for middle in middles_ms:
        is_late, is_early = middle > end_ms + _JITTER_MS, middle < end_ms - _JITTER_MS
        counts.append(counts[-1] + is_late - is_early)
    return counts
