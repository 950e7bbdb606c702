"""Puts speakers to words: pure functions on plain data, without database and without numpy.

The text is never altered: segments are only cut where the speaker changes, and the words of the
pieces are those of the segment, in order.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from transcripts.text.writing import ends_sentence

# A pause at which people take turns; closer words belong to one breath.
TURN_TAKING_PAUSE_MS = 200


@dataclass(frozen=True, slots=True)
class Word:
    text: str  # without spaces around it
    start_ms: int
    end_ms: int  # >= start_ms
    confidence: float  # 0..1
    space_before: bool = True
    timing: str = "attention"


@dataclass(frozen=True, slots=True)
class Segment:
    start_ms: int
    end_ms: int  # > start_ms
    text: str
    words: tuple[Word, ...]  # within the segment, in time order; may be none
    confidence: float  # 0..1


@dataclass(frozen=True, slots=True)
class Turn:
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class LabelledSegment:
    """A segment with one speaker: a whole one as it was, or a piece of one."""

    start_ms: int
    end_ms: int  # > start_ms
    text: str
    words: tuple[Word, ...]
    confidence: float  # of a piece: the mean of its words'
    speaker: int  # 1-based, in order of first appearance
    source: int  # the index of the segment that it was, or came from


def assign_speakers(
    segments: Sequence[Segment], turns: Sequence[Turn], labels: Sequence[int]
) -> list[LabelledSegment]:
    """Labels segments with speakers, cutting those in which the speaker changes.

    segments: of one recording, in time order. turns: in time order; labels: for each turn its
    speaker, as the `Diarize` call answers. Where there are no turns, everything is one speaker's.
    Raises ValueError if turns and labels differ in number.
    """
    timeline = _Timeline(turns, labels)
    words = [word for segment in segments for word in segment.words]
    speakers = iter(_smooth(words, [timeline.speaker_at(w.start_ms, w.end_ms) for w in words]))
    pieces = [
        piece
        for index, segment in enumerate(segments)
        for piece in _cut(segment, index, list(itertools.islice(speakers, len(segment.words))))
        or [_whole(segment, index, timeline.speaker_at(segment.start_ms, segment.end_ms))]
    ]
    return _renumber(pieces)


class _Timeline:
    """Answers who speaks when in O(log turns)."""

    def __init__(self, turns: Sequence[Turn], labels: Sequence[int]) -> None:
        ordered = sorted(zip(turns, labels, strict=True), key=lambda pair: pair[0].start_ms)
        self._turns = [turn for turn, _ in ordered]
        self._labels = [label for _, label in ordered]
        self._starts = [turn.start_ms for turn in self._turns]
        # The latest end so far: rises, unlike the ends themselves where turns overlap.
        self._ends = list(itertools.accumulate((turn.end_ms for turn in self._turns), max))

    def speaker_at(self, start_ms: int, end_ms: int) -> int:
        """Who speaks most of this span, else who speaks nearest to it; 1 if nobody ever does."""
        if not self._turns:
            return 1
        first = bisect_right(self._ends, start_ms)
        behind = bisect_left(self._starts, max(end_ms, start_ms + 1))
        heard: dict[int, int] = defaultdict(int)
        for index in range(first, behind):
            turn = self._turns[index]
            shared_ms = min(end_ms, turn.end_ms) - max(start_ms, turn.start_ms)
            heard[self._labels[index]] += max(shared_ms, 0)
        if any(heard.values()):
            return max(heard, key=heard.__getitem__)
        return self._nearest(start_ms, end_ms, range(first - 1, behind + 1))

    def _nearest(self, start_ms: int, end_ms: int, indices: Iterable[int]) -> int:
        def distance_ms(index: int) -> int:
            turn = self._turns[index]
            return max(turn.start_ms - end_ms, start_ms - turn.end_ms, 0)

        inside = [index for index in indices if 0 <= index < len(self._turns)]
        return self._labels[min(inside, key=distance_ms)]


def _smooth(words: Sequence[Word], speakers: Sequence[int]) -> list[int]:
    """Corrects what word times, which are rough, put a word off."""
    settled = _without_flips(words, list(speakers))
    return _moved_to_breaks(words, settled)


def _without_flips(words: Sequence[Word], speakers: list[int]) -> list[int]:
    """One word inside another's flowing speech is the other's; “yes” between pauses is not."""
    for at in range(1, len(words) - 1):
        before, here, after = speakers[at - 1 : at + 2]
        if before == after != here and not (_is_break(words, at) or _is_break(words, at + 1)):
            speakers[at] = before
    return speakers


def _moved_to_breaks(words: Sequence[Word], speakers: list[int]) -> list[int]:
    """A change in mid-sentence that lies one word off a sentence end or a pause is moved there."""
    changes = [at for at in range(1, len(words)) if speakers[at - 1] != speakers[at]]
    for at in changes:
        if _is_break(words, at):
            continue
        if at >= 2 and _is_break(words, at - 1):
            speakers[at - 1] = speakers[at]
        elif at + 1 < len(words) and _is_break(words, at + 1):
            speakers[at] = speakers[at - 1]
    return speakers


def _is_break(words: Sequence[Word], at: int) -> bool:
    """Whether somebody else may well go on with word `at`."""
    before, after = words[at - 1], words[at]
    pause_ms = after.start_ms - before.end_ms
    return pause_ms >= TURN_TAKING_PAUSE_MS or ends_sentence(before.text)


def _cut(segment: Segment, source: int, speakers: list[int]) -> list[LabelledSegment]:
    """The segment in pieces of one speaker each; none for a segment without words."""
    runs = [
        (speaker, [segment.words[at] for at in run])
        for speaker, run in itertools.groupby(
            range(len(speakers)), key=_with_length(segment.words, speakers).__getitem__
        )
    ]
    if len(runs) == 1:
        return [_whole(segment, source, runs[0][0])]
    last = len(runs) - 1
    return [
        _piece(
            tuple(words),
            start_ms=segment.start_ms if at == 0 else words[0].start_ms,
            end_ms=segment.end_ms if at == last else words[-1].end_ms,
            speaker=speaker,
            source=source,
        )
        for at, (speaker, words) in enumerate(runs)
    ]


def _with_length(words: Sequence[Word], speakers: list[int]) -> list[int]:
    """Words of no length join the one before (at the start, the one after): no piece is empty."""
    if not any(word.end_ms > word.start_ms for word in words):
        return speakers[:1] * len(speakers)
    joined: list[int] = []
    for word, speaker in zip(words, speakers, strict=True):
        joined.append(speaker if word.end_ms > word.start_ms or not joined else joined[-1])
    lengthless = itertools.takewhile(lambda word: word.end_ms == word.start_ms, words)
    count = sum(1 for _ in lengthless)
    return [joined[count]] * count + joined[count:]


def _piece(
    words: tuple[Word, ...], *, start_ms: int, end_ms: int, speaker: int, source: int
) -> LabelledSegment:
    words = (replace(words[0], space_before=False), *words[1:])
    text = "".join(" " * word.space_before + word.text for word in words)
    confidence = sum(word.confidence for word in words) / len(words)
    return LabelledSegment(start_ms, end_ms, text, words, confidence, speaker, source)


def _whole(segment: Segment, source: int, speaker: int) -> LabelledSegment:
    return LabelledSegment(
        segment.start_ms,
        segment.end_ms,
        segment.text,
        segment.words,
        segment.confidence,
        speaker,
        source,
    )


def _renumber(pieces: list[LabelledSegment]) -> list[LabelledSegment]:
    order: dict[int, int] = {}
    return [
        replace(piece, speaker=order.setdefault(piece.speaker, len(order) + 1)) for piece in pieces
    ]
