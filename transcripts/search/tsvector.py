"""How words are written in PostgreSQL's search vectors, and asked for again.

Every lexeme begins with its account's: an index of all accounts' words is read where those of one
account stand, and never beside it. Which transcripts an account may see isn't decided by this, but
by the query that it is part of: accounts may share the four characters.

Beside each word of a text stands the pair that it makes with the next, `'one two'`, without a
place. A phrase of two words is then as cheap as a word, while `one <-> two` has PostgreSQL read
each vector that has both: of frequent words, all of them (10,000 hours: 0.9 s).
"""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

# Of a pair's words: the first may have so many characters, and the second is cut to them, so that
# the vector of a part of a text stays below the 1 MB that one holds.
PAIRED_CHARACTERS = 20


def as_vector(words: Sequence[str], *, owner_id: UUID) -> str:
    """Return the words with their places, and the pairs, as PostgreSQL reads a tsvector.

    A word is letters, digits and marks only: nothing in it needs escaping.
    """
    scope = _scope(owner_id)
    placed = [f"'{scope}{word}':{place}" for place, word in enumerate(words, 1)]
    pairs = {pair for first, second in pairwise(words) if (pair := _pair(first, second))}
    return " ".join([*placed, *(f"'{scope}{pair}'" for pair in pairs)])


def as_set(words: Sequence[str], *, owner_id: UUID) -> str:
    """Return the words without places, as PostgreSQL reads a tsvector."""
    scope = _scope(owner_id)
    return " ".join(f"'{scope}{word}'" for word in words)


def ask(words: Sequence[str], *, is_prefix: bool, owner_id: UUID) -> str:
    """Return a tsquery for vectors in which the words stand together; of the last perhaps only
    its beginning. It reads the vectors themselves only where the pairs can't decide.
    """
    scope, star = _scope(owner_id), ":*" if is_prefix else ""
    placed = [f"'{scope}{word}'" for word in words]
    placed[-1] += star
    if len(words) == 1:
        return placed[0]
    pairs = [_pair(first, second) for first, second in pairwise(words)]
    quoted = [f"'{scope}{pair}'" for pair in pairs if pair]
    if pairs[-1]:
        quoted[-1] += star
    if len(words) == 2 and pairs[0] and len(words[1]) < PAIRED_CHARACTERS:
        return quoted[0]
    return " & ".join([*quoted, f"({' <-> '.join(placed)})"])


def _pair(first: str, second: str) -> str:
    """Return the pair; empty where the first word is too long for one."""
    if len(first) > PAIRED_CHARACTERS:
        return ""
    return f"{first} {second[:PAIRED_CHARACTERS]}"


def _scope(owner_id: UUID) -> str:
    return owner_id.hex[:4]
