"""Which languages are spoken in one window, from guesses about slices of it. Pure.

The likeliest sequence of languages is sought (Viterbi's dynamic programme): each slice scores the
log probability of its language, and each change of language costs `switch_penalty`; so does a
beginning in another language than the one that the recording is in. An interval in the middle of a
window has to overcome two changes. Slices at the edges of words, names and laughter give single
odd guesses (79 windows of 34 recordings, 734 slices of 4 s: the highest wrong probability is 0.79,
and none had a wrong neighbour); a second language gives several in a row.

A slice of a window's encoding is a poor witness where its surroundings are in another language: the
encoder attends to all of them. So an interval in which the expected language is improbable is
encoded by itself: then the guess is right, or unsure (of 143 intervals in one language, 121 of 129
right guesses and none of 14 wrong ones reached 0.8). Measured on 160 windows with an interval of 3
to 10 s in another language: 62 s of 3417 in the wrong language, 108 s without; of those of 5 or 6 s
inside a window 24 of 28 were found, 15 without; the same 2 of 54 windows in one language were cut.
"""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from statistics import fmean

from inference_service.engines.asr import LanguageGuess, LanguageRun, WindowRequest

SLICE_FRAMES = 200  # of the encoder's, 20 ms each: 4 s
_FRAME_S = 0.02
SLICE_S = SLICE_FRAMES * _FRAME_S
# A slice that disagrees with what is expected at least this much is examined more closely.
_DOUBT = 0.4
_FLOOR = 0.05  # no guess rules a language out
# A slice is examined more closely where the expected language is less probable than this …
_IMPROBABLE = 0.2
# … and nothing is left to learn where several agree on another one.
_AGREED = 0.8
# From here on, the guess about an interval that was encoded by itself is taken for certain.
_CERTAIN = 0.8
_IMPOSSIBLE = -20.0  # log probability: more than two changes can cost
# Shorter intervals are no evidence of another language.
_SHORTEST_RUN_S = 2.0

Slice = tuple[int, int]  # encoder frames


@dataclass(frozen=True, slots=True)
class LanguageTrack:
    runs: tuple[LanguageRun, ...]  # at least one
    is_uncertain: bool  # a slice disagrees with the language that was expected
    # Of slices, by index: to be encoded by themselves, and given back as `certain`.
    intervals: tuple[range, ...] = ()


def place_slices(frames: int, *, is_fine: bool) -> list[Slice]:
    """Return slices of 4 s that cover so many frames, end to end or, if fine, half overlapping.

    The last one ends with the window; a window below 4 s is one slice.
    """
    if frames <= SLICE_FRAMES:
        return [(0, max(1, frames))]
    hop = SLICE_FRAMES // 2 if is_fine else SLICE_FRAMES
    starts = [*range(0, frames - SLICE_FRAMES, hop), frames - SLICE_FRAMES]
    return [(start, start + SLICE_FRAMES) for start in starts]


def track_languages(
    slices: Sequence[Slice],
    guesses: Sequence[Sequence[LanguageGuess]],
    request: WindowRequest,
    *,
    known: Set[str],
    certain: Mapping[int, str] | None = None,
) -> LanguageTrack:
    """known: the languages that may occur, besides the expected one.

    certain: the language of slices, by index, that were examined by themselves.
    """
    expected, penalty = request.options.language, request.options.switch_penalty or 0.0
    scores = [_score(each, known | {expected}) for each in guesses]
    best = [max(each, key=each.__getitem__) for each in scores]
    intervals = _find_intervals(guesses, best, scores, expected=expected)
    is_uncertain = bool(intervals) or any(
        language != expected and each[language] >= math.log(_DOUBT)
        for language, each in zip(best, scores, strict=True)
    )
    for index, language in (certain or {}).items():
        scores[index] = {**dict.fromkeys(scores[index], _IMPOSSIBLE), language: 0.0}
        best[index] = language
    path = _find_path(scores, {expected, *best}, expected=expected, penalty=penalty)
    odds = [math.exp(each[language]) for each, language in zip(scores, path, strict=True)]
    runs = _make_runs(slices, path, odds, duration_s=request.duration_s)
    return LanguageTrack(runs, is_uncertain, intervals)


def place_interval(interval: range, slices: Sequence[Slice]) -> Slice:
    """Return what to encode of it: where slices overlap, without the halves at its edges."""
    first, behind = slices[interval[0]][0], slices[interval[-1]][1]
    if len(interval) > 1:
        first += SLICE_FRAMES // 4 if interval[0] > 0 else 0
        behind -= SLICE_FRAMES // 4 if interval[-1] + 1 < len(slices) else 0
    return first, behind


def choose_certain(guesses: Sequence[LanguageGuess], *, known: Set[str]) -> str:
    """Return the language of an interval that was encoded by itself; empty if it is unsure."""
    guess = max(
        (each for each in guesses if each.language in known),
        key=lambda each: each.probability,
        default=LanguageGuess("", 0.0),
    )
    return guess.language if guess.probability >= _CERTAIN else ""


def _find_intervals(
    guesses: Sequence[Sequence[LanguageGuess]],
    best: Sequence[str],
    scores: Sequence[dict[str, float]],
    *,
    expected: str,
) -> tuple[range, ...]:
    """Return the runs of slices in which the expected language is improbable, but for those of
    several slices that agree on another; of a window of one slice nothing more can be learnt.
    """
    found: list[range] = []
    for index, each in enumerate(guesses):
        own = {guess.language: guess.probability for guess in each}.get(expected, 0.0)
        if own >= _IMPROBABLE:
            continue
        if found and found[-1].stop == index:
            found[-1] = range(found[-1].start, index + 1)
        else:
            found.append(range(index, index + 1))

    def is_agreed(interval: range) -> bool:
        languages = {best[index] for index in interval}
        is_sure = all(scores[index][best[index]] >= math.log(_AGREED) for index in interval)
        return len(interval) > 1 and len(languages) == 1 and is_sure

    return tuple(each for each in found if len(guesses) > 1 and not is_agreed(each))


def _score(guesses: Sequence[LanguageGuess], known: Set[str]) -> dict[str, float]:
    scores = dict.fromkeys(known, math.log(_FLOOR))
    for guess in guesses:
        if guess.language in known:
            scores[guess.language] = math.log(max(guess.probability, _FLOOR))
    return scores


def _find_path(
    scores: Sequence[dict[str, float]], languages: set[str], *, expected: str, penalty: float
) -> list[str]:
    order = sorted(languages, key=lambda language: (language != expected, language))
    totals = {language: -penalty * (language != expected) for language in order}
    totals = {language: total + scores[0][language] for language, total in totals.items()}
    steps: list[dict[str, str]] = []
    for each in scores[1:]:
        # To come from another language, the likeliest of all is the only one to consider.
        likeliest = max(order, key=totals.__getitem__)
        before = {
            language: language if totals[language] >= totals[likeliest] - penalty else likeliest
            for language in order
        }
        totals = {
            language: totals[past] - penalty * (past != language) + each[language]
            for language, past in before.items()
        }
        steps.append(before)
    path = [max(order, key=totals.__getitem__)]
    for before in reversed(steps):
        path.append(before[path[-1]])
    return path[::-1]


def _make_runs(
    slices: Sequence[Slice], path: Sequence[str], odds: Sequence[float], *, duration_s: float
) -> tuple[LanguageRun, ...]:
    """Join slices of one language; between two runs the border is where the slices meet.

    odds: the probability of each slice's language.
    """
    runs = _join_slices(slices, path, duration_s=duration_s)
    found: dict[str, list[float]] = {}
    for language, probability in zip(path, odds, strict=True):
        found.setdefault(language, []).append(probability)
    return tuple(replace(run, probability=fmean(found[run.language])) for run in runs)


def _join_slices(
    slices: Sequence[Slice], path: Sequence[str], *, duration_s: float
) -> list[LanguageRun]:
    runs = [LanguageRun(0.0, duration_s, path[0])]
    for (_, behind), (first, _), language in zip(slices, slices[1:], path[1:], strict=False):
        if language == runs[-1].language:
            continue
        border_s = _FRAME_S * (first + behind) / 2
        if border_s - runs[-1].start_s < _SHORTEST_RUN_S or duration_s - border_s < _SHORTEST_RUN_S:
            continue
        runs[-1] = LanguageRun(runs[-1].start_s, border_s, runs[-1].language)
        runs.append(LanguageRun(border_s, duration_s, language))
    return runs
