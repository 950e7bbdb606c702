"""Questions about a library that no search by meaning answers: how many, who most, which is the
latest one, and what all of them say. Counted in the database, or summarised one by one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Sum

from accounts.models import User
from transcripts.intelligence.answers import ChatAnswer, is_about_speakers
from transcripts.intelligence.documents import escape
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.models import ResultKind, StoredResult
from transcripts.intelligence.operations import summarise_text
from transcripts.intelligence.results import load_source
from transcripts.intelligence.source import SourceText, identify_language
from transcripts.models import Segment, Transcript
from transcripts.search.folding import fold_text
from transcripts.search.query import read_terms, search_transcripts, searching
from transcripts.text.clock import format_clock

STATISTICS = "statistics"
_LISTED = 5
_SUMMARISED = 20  # the newest ones
_MADE_AT_ONCE = 5  # of these; the others must have a summary already
_MOST_COUNTED = 500  # transcripts whose lines are counted
_THINGS = r"(?:recordings?|transcripts?|meetings?|calls?|interviews?|files?|conversations?|talks?)"
_CZECH_THINGS = r"(?:nahráv\w*|přepis\w*|schůz\w*|porad\w*|hovor\w*|rozhovor\w*|soubor\w*)"
_MENTIONS = re.compile(
    rf"\bhow (?:many (?:{_THINGS}|times|lines)|often)\b.*?\b(?:mention(?:s|ed)?|contain(?:s|ed)?"
    r"|said|say)\b(?: (?:the )?words?)? (?P<it>[^?]+)"
    r"|\bhow (?:many times|often) (?:is|was|were|are) (?P<that>[^?]+?) (?:mentioned|said)\b"
    rf"|\bv kolika {_CZECH_THINGS} (?:je|se mluví o|zazněl[aoy]?|padl[aoy]?)(?: slov\w+)?"
    r" (?P<cs>[^?]+)"
    r"|\bkolikrát (?:zazněl[aoy]?|padl[aoy]?|je zmíněn[aoy]?)(?: slov\w+)? (?P<times>[^?]+)",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"\bhow many {_THINGS}(?: (?:do|have) I(?: have| made)?| are there| is there)?"
    r"(?: (?:here|in total|altogether))?\s*\??\Z"
    rf"|\bhow (?:long are|many hours)\b.{{0,20}}{_THINGS}.{{0,20}}\Z"
    rf"|\bkolik (?:tu |zde )?(?:je |mám |máme )?(?:tu |zde )?{_CZECH_THINGS}"
    r"(?: (?:tu|zde|celkem|mám|máme|je))*\s*\??\Z",
    re.IGNORECASE,
)
_NEWEST = r"(?:latest|last|newest|most recent)"
_LATEST = re.compile(
    rf"\A(?:(?:what|which) (?:is|are|was|were)|show(?: me)?|list) (?:the |my |our )?{_NEWEST}"
    rf" (?:\w+ )?{_THINGS}\s*[?.]?\Z"
    rf"|\A(?:jak[áýéo]|kter[áýé]|ukaž(?: mi)?) (?:(?:je|byl[aoy]?|jsou) )?(?:m[ůo]j[ei]?|m[áé]"
    rf"|naš[ei])?\s*(?:posledn\w+|nejnovějš\w+) {_CZECH_THINGS}\s*[?.]?\Z",
    re.IGNORECASE,
)
_ALL = re.compile(
    rf"\bsummari[sz]e\b.{{0,30}}\b(?:all|everything|every|these|them|my|the) ?{_THINGS}?\b"
    rf"|\bsummary of (?:all|everything|these|my)\b|\bwhat are (?:these|my|the) {_THINGS} about\b"
    rf"|\bshr[nň]\w*\b.{{0,30}}\b(?:vše\w*|{_CZECH_THINGS})|\bo čem jsou (?:ty |tyto |moje )?"
    rf"{_CZECH_THINGS}",
    re.IGNORECASE,
)
_PHRASES = {
    "en": {
        "count": "Transcripts: {count}. Together they last {time}.",
        "latest": "The latest ones:",
        "none": "There are no transcripts to answer from.",
        "spoke": "{name}: {time} ({share} %)",
        "unnamed": "Speakers without a name",
        "silent": "The transcripts don't say who speaks.",
        "mentions": "“{term}”: {lines} lines of {count} transcripts.",
        "part": "Summaries of the newest ones; {left} more were not read.",
    },
    "cs": {
        "count": "Přepisů: {count}. Dohromady trvají {time}.",
        "latest": "Nejnovější:",
        "none": "Není tu žádný přepis, ze kterého by šlo odpovědět.",
        "spoke": "{name}: {time} ({share} %)",
        "unnamed": "Mluvčí bez jména",
        "silent": "V přepisech není, kdo mluví.",
        "mentions": "„{term}“: řádků {lines}, přepisů {count}.",
        "part": "Shrnutí nejnovějších; dalších {left} nebylo přečteno.",
    },
}


@dataclass(frozen=True)
class LibraryAnswer:
    """`mentioned`: transcripts of which something is quoted. `searched`: how many were read."""

    answer: ChatAnswer
    mentioned: frozenset[UUID]
    searched: int


@dataclass(frozen=True)
class _Summarised:
    """One transcript with its summary, or the text that it is to be made of."""

    transcript: Transcript
    summary: str
    source: SourceText | None


@dataclass(frozen=True)
class SummaryPlan:
    language: str
    items: tuple[_Summarised, ...]
    left: int


def answer_by_counting(
    user: User, question: str, transcripts: Sequence[Transcript]
) -> LibraryAnswer | None:
    """Return the answer to what can be counted or looked up; None: it is another question.

    transcripts: those asked about, the newest first. At most four queries, and one for each
    transcript with a word whose mentions are counted.
    """
    language = phrase_language(question)
    mentions = _MENTIONS.search(question)
    if mentions:
        term = next(group for group in mentions.groups() if group)
        return _count_mentions(user, term.strip(" \"'“”„.,"), transcripts, language)
    routes: tuple[tuple[bool, Callable[[Sequence[Transcript], str], LibraryAnswer]], ...] = (
        (_COUNT.search(question) is not None, _count),
        (_LATEST.search(question) is not None, _list_latest),
        (is_about_speakers(question), _count_speakers),
    )
    return next((route(transcripts, language) for is_meant, route in routes if is_meant), None)


def is_about_the_library(question: str) -> bool:
    """Whether a summary of all transcripts is asked for."""
    return _ALL.search(question) is not None


def plan_summaries(question: str, transcripts: Sequence[Transcript]) -> SummaryPlan:
    """Return what is to be summarised: stored summaries of the text as it is now, and some texts.

    A query, and three for each text that has none.
    """
    newest = transcripts[:_SUMMARISED]
    rows = StoredResult.objects.filter(
        transcript__in=newest,
        kind=ResultKind.SUMMARY,
        name__in=("brief", "detailed"),
        revision=F("transcript__revision"),
    ).order_by("-updated_at")
    stored = {row.transcript_id: row.text for row in reversed(rows)}
    items: list[_Summarised] = []
    for transcript in newest:
        if transcript.pk in stored:
            items.append(_Summarised(transcript, stored[transcript.pk], None))
        elif sum(item.source is not None for item in items) < _MADE_AT_ONCE:
            items.append(_Summarised(transcript, "", load_source(transcript)))
    return SummaryPlan(phrase_language(question), tuple(items), len(transcripts) - len(items))


def write_summaries(plan: SummaryPlan, engines: TextEngines, *, model: str = "") -> LibraryAnswer:
    """Return one summary after the other. Without queries."""
    parts: list[str] = []
    models: list[str] = []
    for item in plan.items:
        summary = item.summary
        if item.source is not None and item.source.sentences:
            made = summarise_text(item.source, engines, style="brief", model=model)
            summary = made["summary"]
            models.append(made["model"])
        parts.append(f"**{title_of(item.transcript)}**\n\n{escape(summary) or '–'}")
    if plan.left:
        parts.append(_phrase("part", plan.language).format(left=plan.left))
    sources = tuple(_source_of(item.transcript) for item in plan.items)
    text = "\n\n".join(parts) or _phrase("none", plan.language)
    ran = models[-1] if models else STATISTICS
    answer = ChatAnswer(text, bool(plan.items), sources, ran, True)
    mentioned = frozenset(item.transcript.pk for item in plan.items)
    return LibraryAnswer(answer, mentioned, len(plan.items))


def phrase_language(question: str) -> str:
    """Return in which of our languages to answer."""
    has_czech = re.search(r"[ěščřžůťďň]", question, re.IGNORECASE) is not None
    return "cs" if has_czech or identify_language(question) == "cs" else "en"


def title_of(transcript: Transcript) -> str:
    """Return its title as Markdown shows it; a date where it has none."""
    return escape(transcript.title) or f"{transcript.created_at:%Y-%m-%d}"


def _count(transcripts: Sequence[Transcript], language: str) -> LibraryAnswer:
    total_ms = sum(map(_length_of, transcripts))
    time = format_clock(total_ms)
    text = _phrase("count", language).format(count=len(transcripts), time=time)
    return _counted(text, transcripts)


def _list_latest(transcripts: Sequence[Transcript], language: str) -> LibraryAnswer:
    latest = transcripts[:_LISTED]
    lines = [
        f"- **{title_of(each)}** · {each.created_at:%Y-%m-%d} · {format_clock(_length_of(each))}"
        for each in latest
    ]
    if not lines:
        return _counted(_phrase("none", language), transcripts, is_found=False)
    text = "\n".join([_phrase("latest", language), "", *lines])
    return _counted(text, transcripts, listed=latest)


def _count_speakers(transcripts: Sequence[Transcript], language: str) -> LibraryAnswer:
    rows = Segment.objects.filter(transcript__in=transcripts, speaker__isnull=False)
    spoken = rows.values_list("speaker__display_name").annotate(ms=Sum(F("end_ms") - F("start_ms")))
    named = sorted(spoken.order_by(), key=lambda row: -row[1])
    total = sum(ms for _, ms in named) or 1
    lines = [
        "- "
        + _phrase("spoke", language).format(
            name=escape(name) or _phrase("unnamed", language),
            time=format_clock(ms),
            share=round(100 * ms / total),
        )
        for name, ms in named
    ]
    text = "\n".join(lines) or _phrase("silent", language)
    return _counted(text, transcripts, is_found=bool(lines))


def _count_mentions(
    user: User, term: str, transcripts: Sequence[Transcript], language: str
) -> LibraryAnswer:
    wanted = fold_text(term)
    by_id = {each.pk: each for each in transcripts}
    rows = Transcript.objects.filter(pk__in=by_id)
    with searching():
        found = search_transcripts(rows, read_terms(f'"{term}"'), owner_id=user.pk)
        ids = list(found.values_list("pk", flat=True)[:_MOST_COUNTED])
    sources: list[dict[str, Any]] = []
    lines = 0
    for transcript_id in ids:
        first = None
        for row in Segment.objects.filter(transcript_id=transcript_id).order_by("position"):
            if _contains(fold_text(row.text), wanted):
                lines += 1
                first = first or row
        if first is not None:
            sources.append(_source_of(by_id[transcript_id], first))
    text = _phrase("mentions", language).format(term=escape(term), lines=lines, count=len(sources))
    answer = ChatAnswer(text, bool(sources), tuple(sources[:_LISTED]), STATISTICS, False)
    mentioned = frozenset(UUID(each["transcript"]) for each in sources[:_LISTED])
    return LibraryAnswer(answer, mentioned, len(transcripts))


def _contains(words: Sequence[str], wanted: Sequence[str]) -> bool:
    size = len(wanted)
    return size > 0 and any(
        list(words[at : at + size]) == list(wanted) for at in range(len(words) - size + 1)
    )


def _counted(
    text: str,
    transcripts: Sequence[Transcript],
    *,
    is_found: bool = True,
    listed: Sequence[Transcript] = (),
) -> LibraryAnswer:
    sources = tuple(_source_of(each) for each in listed)
    answer = ChatAnswer(text, is_found, sources, STATISTICS, False)
    return LibraryAnswer(answer, frozenset(each.pk for each in listed), len(transcripts))


def _source_of(transcript: Transcript, segment: Segment | None = None) -> dict[str, Any]:
    """Return where it is: the transcript itself, or a line of it."""
    return {
        "transcript": str(transcript.pk),
        "title": transcript.title,
        "segment_order": 0,
        "segment": segment.key if segment else "",
        "text": segment.text if segment else "",
        "score": 1.0,
        "start": segment.start_ms / 1000 if segment else 0.0,
        "end": segment.end_ms / 1000 if segment else _length_of(transcript) / 1000,
        "speaker": None,
    }


def _length_of(transcript: Transcript) -> int:
    return transcript.job.audio_duration_ms or transcript.recording.probed_ms


def _phrase(name: str, language: str) -> str:
    return _PHRASES[language][name]
