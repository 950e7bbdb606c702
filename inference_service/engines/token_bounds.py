"""How many tokens a window of speech may be decoded to: more than anyone speaks in it.

A decoder that loops stops at its bound only, and the text waits for it. So
the bound follows the seconds of speech. What reaches it is decoded again, padded to 30 s, with the
older and wider bound (`WhisperRecogniser._needs_padding`): dense text is not
lost. A draft is not decoded again: the next one, or the final text, is.
"""

import bisect

MAX_TOKENS = 224  # Whisper's own: half of its decoder's positions
_SHORT_WINDOW_S = 6.0
_MAX_SHORT_TOKENS = 112
_TOKENS_PER_S = 14.0
_TOKENS_BESIDE = 12  # times, punctuation
# Windows with different bounds can't share a batch: a few steps only.
_STEPS_S = (2.0, 4.0, 8.0, 16.0)


def bound_tokens(duration_s: float, *, is_tight: bool) -> int:
    """Return how many tokens a window of so many seconds may have at most."""
    if not is_tight:
        return _MAX_SHORT_TOKENS if duration_s <= _SHORT_WINDOW_S else MAX_TOKENS
    step = bisect.bisect_left(_STEPS_S, duration_s)
    if step == len(_STEPS_S):
        return MAX_TOKENS
    return min(MAX_TOKENS, _TOKENS_BESIDE + round(_TOKENS_PER_S * _STEPS_S[step]))
