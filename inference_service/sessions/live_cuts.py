"""Where the words of an utterance under way are cut off, and whether it may be over.

A text is cut where a reader would: at the end of a sentence, else in a pause of the voice. Times
of words show no pauses (an alignment leaves hardly any between two), voice activity does.
"""

from collections.abc import Iterable, Sequence

from inference_service.sessions.events import OutputWord
from inference_service.sessions.hypothesis import (
    LocalAgreement,
    ends_sentence,
    find_cut,
    find_pause,
    find_widest_gap,
)

_SENTENCE_CUT_S = 10.0
_PAUSE_CUT_S = 22.0
_LAST_CUT_S = 26.0
# An engine whose hypotheses take longer than this is given less audio at once.
_SLOW_S = 1.5
_SLOW_CUT_S = 6.0
_SHORT_S = 2.0


def choose_cut(
    words: LocalAgreement,
    *,
    length_s: float,
    compute_s: float,
    pauses_ms: Iterable[tuple[int, int]],
) -> tuple[int, int]:
    """Return how many of the committed words to finalize now, and until when; (0, 0) for none.

    length_s: of what was recognised; compute_s: what that took; pauses_ms: (start, end) of the
    pauses of the voice, longest first.
    """
    is_slow = compute_s > _SLOW_S
    if length_s < (_SLOW_CUT_S if is_slow else _SENTENCE_CUT_S):
        return 0, 0
    count = find_cut(words.committed, words.pending)
    if not count and (is_slow or length_s >= _PAUSE_CUT_S):
        count, cut_ms = find_pause(words.committed, pauses_ms)
        if count:
            return count, cut_ms
    if not count and length_s >= _LAST_CUT_S:
        count = find_widest_gap(words.committed)
    rest = (*words.committed[count:], *words.pending)
    if not count or not rest:
        return 0, 0
    return count, (words.committed[count - 1].end_ms + rest[0].start_ms) // 2


def is_unfinished(words: Sequence[OutputWord], *, spoken_s: float) -> bool:
    """Return whether what was spoken is likely to go on: hardly anything, or half a sentence."""
    return bool(words) and (spoken_s < _SHORT_S or not ends_sentence(words))
