"""Whether text that repeats itself was spoken, or is a loop of the decoder. Pure.

The text alone doesn't show: counting, prayers and announcements compress as well as loops do. So
the window is decoded again in parts, cut at pauses: a loop isn't found again in each of them.
"""

from collections.abc import Sequence

import numpy as np

from inference_service.engines.asr import TextSegment
from inference_service.sessions.coverage import FrameInterval
from inference_service.sessions.regions import FRAME_S
from inference_service.sessions.windows import Voiced

# More than this no one speaks: auctioneers and rapid counting reach about 6 words a second.
_MOST_WORDS_PER_S = 7.0
_MOST_LETTERS_PER_S = 32.0
# So short a text shows nothing about its speed.
_FEW_WORDS = 6
# Parts are about this long: too short to hold many repeats, long enough for a Whisper.
_PART_FRAMES = round(8 / FRAME_S)
_SHORTEST_PART_FRAMES = round(2.5 / FRAME_S)
# How far the parts may differ from the whole, in letters: less than one repeat of sixteen.
_TOLERANCE = 0.06


def is_speakable(segments: Sequence[TextSegment], *, speech_s: float) -> bool:
    """Return whether so much text can be spoken in so many seconds of voice activity."""
    words = [word.text for segment in segments for word in segment.words]
    if len(words) <= _FEW_WORDS and sum(map(len, words)) <= 6 * _FEW_WORDS:
        return True
    seconds = max(speech_s, 0.5)
    letters = sum(map(len, words))
    return len(words) / seconds <= _MOST_WORDS_PER_S and letters / seconds <= _MOST_LETTERS_PER_S


def is_confirmed(
    whole: Sequence[TextSegment], parts: Sequence[TextSegment], *, share: float = 1.0
) -> bool:
    """Return whether the parts hold as much text as the whole, more or less.

    share: of the speech, what was recognised in the parts; the rest is as rich in words.
    """
    in_whole, in_parts = _count_letters(whole), _count_letters(parts) / max(share, 0.5)
    return abs(in_whole - in_parts) <= _TOLERANCE * max(in_whole, in_parts)


def cut_into_parts(voiced: Voiced) -> list[FrameInterval]:
    """Return parts of about 8 s, at least two, cut at long pauses; none where it is too short."""
    count = max(2, round(len(voiced) / _PART_FRAMES))
    if len(voiced) < count * _SHORTEST_PART_FRAMES:
        return []
    edges = [0]
    for part in range(1, count):
        around = len(voiced) * part // count
        reach = len(voiced) // (3 * count)
        edges.append(find_pause(voiced, around, reach=reach))
    return [
        FrameInterval(start, end)
        for start, end in zip(edges, [*edges[1:], len(voiced)], strict=True)
    ]


def find_pause(voiced: Voiced, around: int, *, reach: int) -> int:
    """Return the middle of the longest pause within reach; else `around`.

    A pause counts for less the further away it is, at the end of the reach for half its length.
    """
    low = max(1, around - reach)
    best, best_weight = around, 0.0
    start: int | None = None
    for frame in range(low, min(len(voiced), around + reach) + 1):
        is_voiced = frame >= len(voiced) or bool(voiced[frame]) or frame == around + reach
        if not is_voiced:
            start = frame if start is None else start
        elif start is not None:
            middle = (start + frame) // 2
            weight = (frame - start) * (1 - abs(middle - around) / (2 * reach))
            if weight > best_weight:
                best, best_weight = middle, weight
            start = None
    return best


def count_speech_s(voiced: Voiced) -> float:
    return float(np.count_nonzero(voiced)) * FRAME_S


def _count_letters(segments: Sequence[TextSegment]) -> int:
    return sum(len(word.text) for segment in segments for word in segment.words)
