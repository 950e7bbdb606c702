"""Whether an alignment can be true, judged by what it gives: pure functions on aligned words.

An aligner must put every word somewhere. A text that wasn't spoken, or that it doesn't
follow, it puts there too: some words over all the sound, the rest in no time at its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transcripts.text.retokenize import share_out
from transcripts.text.words import INTERPOLATED, Word, mean_confidence

# A word with less is squeezed: attention moves in steps of 20 ms, and one step is enough for "the".
_LEAST_MS_A_CHARACTER = 5
# Words that share time have as much together: thirty characters a second is as fast as people talk.
_SHARED_MS_A_CHARACTER = 33
# The mean of the words' probabilities. Measured with the tiny Whisper on three recordings: 0.99 for
# what was spoken, at most 0.016 for what wasn't.
_IMPLAUSIBLE = 0.02
# Fewer are held in place by the words around them, and a name may be as improbable as you like.
_WORDS_TO_JUDGE = 3


@dataclass
class _Block:
    """Words that share a time; one alone has its own."""

    words: list[Word]

    @property
    def length_ms(self) -> int:
        return self.words[-1].end_ms - self.words[0].start_ms

    @property
    def has_squeezed_times(self) -> bool:
        is_alone = len(self.words) == 1
        least = _LEAST_MS_A_CHARACTER if is_alone else _SHARED_MS_A_CHARACTER
        return self.length_ms < least * sum(map(_count_spoken, self.words))


def is_implausible(aligned: Sequence[Word]) -> bool:
    """Whether the model all but rules out that these words were spoken there.

    aligned: as `inference.align` returns them, with the model's probabilities as confidence.
    """
    mean = mean_confidence(aligned)
    return mean is not None and len(aligned) >= _WORDS_TO_JUDGE and mean < _IMPLAUSIBLE


def redistribute_times(words: Sequence[Word]) -> list[Word] | None:
    """Return the aligned words, each with a time in which it can be spoken; None: there is none.

    words: in order, none begins before the one in front ends. A word that was left next to no
    time shares that of the words beside it, by length; all of these are `interpolated` then. If
    that takes in every word, nothing of the alignment is left.
    """
    blocks = [_Block([word]) for word in words]
    while (
        at := next((at for at, each in enumerate(blocks) if each.has_squeezed_times), None)
    ) is not None:
        if len(blocks) == 1:
            return None
        first = _choose_neighbour(blocks, at)
        blocks[first : first + 2] = [_Block(blocks[first].words + blocks[first + 1].words)]
    return [word for block in blocks for word in _share_out(block)]


def _choose_neighbour(blocks: Sequence[_Block], at: int) -> int:
    """Return the first of the two to join: the squeezed one and the longer of those beside it."""
    if at == 0:
        return 0
    if at == len(blocks) - 1:
        return at - 1
    return at - 1 if blocks[at - 1].length_ms >= blocks[at + 1].length_ms else at


def _share_out(block: _Block) -> list[Word]:
    if len(block.words) == 1:
        return block.words
    times = share_out(
        [len(word.text) for word in block.words], block.words[0].start_ms, block.words[-1].end_ms
    )
    return [
        replace(word, start_ms=start_ms, end_ms=end_ms, timing=INTERPOLATED)
        for word, (start_ms, end_ms) in zip(block.words, times, strict=True)
    ]


def _count_spoken(word: Word) -> int:
    return sum(map(str.isalnum, word.text))
