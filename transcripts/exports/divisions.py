"""Where a text is divided when it follows another one: a translation its original.

Both go on at the same pace, as far as nothing else is known: what is said at a third of a sentence
stands at about a third of its translation. Texts are divided between words only, never inside a
number or between it and its unit, and rather behind a comma than behind an article.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from transcripts.exports.linebreaks import break_units, is_inside_number
from transcripts.exports.lines import NEVER_BREAK_AFTER
from transcripts.text.words import Word
from transcripts.text.writing import ends_clause

# Characters by which a place may be further off and still be the better one.
_AT_CLAUSE, _AFTER_ARTICLE, _IN_NUMBER = -6.0, 8.0, 1_000.0
# Of a sentence's length: two clause ends nearer than that are the same one.
_SAME_CLAUSE = 0.15


def divide_text(text: str, shares: Sequence[float]) -> list[str]:
    """Return the text in as many parts as there are shares, in proportion to them, without the
    spaces between. Parts are empty only where there are fewer words than parts."""
    units = list(break_units(text.strip()))
    if len(shares) == 1 or len(units) < 2:
        return [text.strip(), *[""] * (len(shares) - 1)]
    lengths = list(accumulate(map(len, units), initial=0))
    costs = [_cost_of(units, place) for place in range(len(units))]
    total = sum(shares) or len(shares)
    places = [0]
    reached = 0.0
    for number, share in enumerate(shares[:-1], 1):
        reached += share / total if sum(shares) else 1 / total
        left = len(shares) - number
        least = min(places[-1] + 1, len(units))
        most = max(least, len(units) - left)
        wanted = reached * lengths[-1]
        candidates = range(least, min(most, len(units)) + 1)
        places.append(min(candidates, key=lambda at: _distance(at, wanted, lengths, costs)))
    places.append(len(units))
    return ["".join(units[a:b]).strip() for a, b in pairwise(places)]


def follow_units(original: Sequence[str], text: str) -> list[list[str]]:
    """Return for each unit of the original the units of the text that go with it, in order.

    Ends of clauses go with each other where both texts have one near the same place. So the
    original may be divided anywhere, and the text is divided with it.
    """
    units = list(break_units(text.strip()))
    followers: list[list[str]] = [[] for _ in original]
    if not original or not units:
        return followers
    own, theirs = _shares_before(units), _shares_before(original)
    anchors = _match_clauses(original, theirs, units, own)
    last = len(original) - 1
    places = [
        min(bisect_right(theirs, _map(own[at], anchors) + 1e-9) - 1, last)
        for at in range(len(units))
    ]
    for at in reversed(range(len(units) - 1)):  # what belongs to the next unit goes with it
        if _cost_of(units, at + 1) > 0:
            places[at] = places[at + 1]
    reached = 0
    for at, unit in enumerate(units):
        reached = max(reached, places[at])
        followers[reached].append(unit)
    return followers


def time_words(text: str, *, start_ms: int, end_ms: int) -> tuple[Word, ...]:
    """Return what lines may be broken between, timed by length."""
    chunks = [
        (unit, place == 0 and number > 0)
        for number, part in enumerate(text.split())
        for place, unit in enumerate(break_units(part))
    ]
    total = sum(len(unit) for unit, _ in chunks)
    words: list[Word] = []
    position = 0
    for unit, has_space in chunks:
        from_ms = start_ms + (end_ms - start_ms) * position // total
        position += len(unit)
        to_ms = start_ms + (end_ms - start_ms) * position // total
        words.append(Word(unit, from_ms, to_ms, None, has_space))
    return tuple(words)


def _cost_of(units: Sequence[str], place: int) -> float:
    """Return what dividing before the unit costs."""
    if place == 0:
        return 0.0
    before, after = units[place - 1].strip(), units[place].strip()
    if is_inside_number(before, after):
        return _IN_NUMBER
    if ends_clause(before):
        return _AT_CLAUSE
    return _AFTER_ARTICLE if before.lower() in NEVER_BREAK_AFTER else 0.0


def _distance(
    place: int, wanted: float, lengths: Sequence[int], costs: Sequence[float]
) -> tuple[float, int]:
    cost = costs[place] if place < len(costs) else 0.0
    return abs(lengths[place] - wanted) + cost, place


def _shares_before(units: Sequence[str]) -> list[float]:
    """Return how much of the text is before each unit, and at its end: 0 to 1."""
    total = sum(map(len, units)) or 1
    return [length / total for length in accumulate(map(len, units), initial=0)]


def _match_clauses(
    original: Sequence[str], theirs: Sequence[float], units: Sequence[str], own: Sequence[float]
) -> list[tuple[float, float]]:
    """Return places (share of the text, share of the original) that go with each other."""
    anchors = [(0.0, 0.0)]
    clauses = [at + 1 for at in range(len(original) - 1) if ends_clause(original[at].strip())]
    places = [at + 1 for at in range(len(units) - 1) if ends_clause(units[at].strip())]
    for clause in clauses:
        near = [at for at in places if own[at] > anchors[-1][0]]
        best = min(near, key=lambda at: abs(own[at] - theirs[clause]), default=None)
        if best is not None and abs(own[best] - theirs[clause]) <= _SAME_CLAUSE:
            anchors.append((own[best], theirs[clause]))
    return [*anchors, (1.0, 1.0)]


def _map(share: float, anchors: Sequence[tuple[float, float]]) -> float:
    number = min(bisect_right(anchors, (share, 2.0)), len(anchors) - 1)
    (from_own, from_theirs), (to_own, to_theirs) = anchors[number - 1], anchors[number]
    width = to_own - from_own
    part = (share - from_own) / width if width else 0.0
    return from_theirs + part * (to_theirs - from_theirs)
