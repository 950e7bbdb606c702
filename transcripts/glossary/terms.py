"""Reading and writing a glossary, its part in the options of a job, and what it finds in a text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.glossary.models import GlossaryTerm
from transcripts.models import Transcript
from transcripts.option_kinds import MAX_WORD_CHARACTERS
from transcripts.options import TranscriptionOptions

MOST_TERMS = 500
MOST_MISHEARD = 10  # of a term
MOST_HOT_WORDS = 100  # of a job: what `hot_words` takes
MOST_TAG = 50


class InvalidGlossaryError(ApiError):
    """A term that is empty, too long, has a comma, or stands twice under its tag; or too many."""

    code = "invalid_value"


@dataclass(frozen=True, kw_only=True)
class SpokenTerm:
    text: str
    misheard: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A spelling that a term of the glossary corrects, and the segments that it stands in."""

    find: str
    replace: str
    count: int = 0
    segments: list[str] = field(default_factory=list)


def list_terms(user: User) -> list[SpokenTerm]:
    """Return all, those of all recordings first, by tag and text. One query."""
    return [
        SpokenTerm(text=row.text, misheard=tuple(row.misheard), tag=row.tag)
        for row in GlossaryTerm.objects.filter(owner=user)
    ]


def write_terms(user: User, terms: Sequence[SpokenTerm]) -> None:
    """Put these in the place of all. Raises InvalidGlossaryError, and changes nothing."""
    _check(terms)
    rows = [
        GlossaryTerm(owner=user, tag=term.tag, text=term.text, misheard=list(term.misheard))
        for term in terms
    ]
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two at once: one wholly after the other
        GlossaryTerm.objects.filter(owner=user).delete()
        GlossaryTerm.objects.bulk_create(rows)


def with_glossary(
    user: User | None, options: TranscriptionOptions, *, tags: Sequence[str] = ()
) -> TranscriptionOptions:
    """Return the options with the account's terms among the hot words; one query, none for guests.

    What was asked for comes first, then the terms of the recording's tags, then those of all;
    together at most MOST_HOT_WORDS.
    """
    if user is None:
        return options
    rows = GlossaryTerm.objects.filter(owner=user, tag__in=["", *tags]).order_by("-tag", "text")
    words = dict.fromkeys([*options.hot_words, *rows.values_list("text", flat=True)])
    return replace(options, hot_words=tuple(words)[:MOST_HOT_WORDS])


def find_fixes(user: User, transcript: Transcript) -> list[Fix]:
    """Return which misheard spellings of the glossary stand in the transcript, the most frequent
    first. Three queries; whole words, in any case; what is spelt right already is left alone."""
    tags = list(transcript.tags.values_list("name", flat=True))
    terms = [term for term in list_terms(user) if term.tag in ("", *tags) and term.misheard]
    texts = list(transcript.segments.order_by("position").values_list("key", "text"))
    found = [fix for term in terms for fix in _find(term, texts)]
    return sorted(found, key=lambda fix: -fix.count)


def _find(term: SpokenTerm, texts: Sequence[tuple[object, str]]) -> Iterator[Fix]:
    for misheard in term.misheard:
        pattern = re.compile(rf"(?<!\w){re.escape(misheard)}(?!\w)", re.IGNORECASE)
        counts = {
            str(key): sum(match != term.text for match in pattern.findall(text))
            for key, text in texts
        }
        hits = [key for key, count in counts.items() if count]
        if hits:
            yield Fix(find=misheard, replace=term.text, count=sum(counts.values()), segments=hits)


def _check(terms: Sequence[SpokenTerm]) -> None:
    if len(terms) > MOST_TERMS:
        raise InvalidGlossaryError(f"A glossary has at most {MOST_TERMS} terms.")
    for term in terms:
        for word in (term.text, *term.misheard):
            if not 0 < len(word) <= MAX_WORD_CHARACTERS or "," in word:
                raise InvalidGlossaryError(
                    f"A term has 1 to {MAX_WORD_CHARACTERS} characters and no comma: {word[:60]!r}."
                )
        if len(term.misheard) > MOST_MISHEARD:
            raise InvalidGlossaryError(
                f"“{term.text}” may have at most {MOST_MISHEARD} misheard spellings."
            )
        if len(term.tag) > MOST_TAG:
            raise InvalidGlossaryError(f"A tag has at most {MOST_TAG} characters.")
    keys = [(term.tag, term.text) for term in terms]
    twice = next((text for tag, text in keys if keys.count((tag, text)) > 1), "")
    if twice:
        raise InvalidGlossaryError(f"“{twice}” stands twice in the glossary.")
