"""`/transcripts/`: the user's transcripts, searched and filtered as by the API."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from stt_web.core.errors import ApiError
from stt_web.core.refusals import translate_refusal
from transcripts.exports.render import EXPORTS
from transcripts.filters import FILTERS, RELEVANCE, filter_transcripts
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, Source, Status, Tag, Transcript
from transcripts.pages.script_texts import COMMON, render_texts
from transcripts.pages.transcript import SOURCE_NAMES, STATUS_NAMES
from transcripts.search.highlights import Highlight, find_highlights
from transcripts.search.pagination import SearchPagination
from transcripts.search.query import read_terms, search_transcripts, searching
from transcripts.text.clock import format_clock
from transcripts.text.languages import LANGUAGE_NAMES

_PAGE_ROWS = 50
_MOST_TAGS = 200
_ORDERINGS = {
    "": gettext_lazy("Newest first"),
    "created_at": gettext_lazy("Oldest first"),
    "title": gettext_lazy("By title"),
    "-duration": gettext_lazy("Longest first"),
    RELEVANCE: gettext_lazy("Best match first"),
}
TEXTS: dict[str, Any] = {
    **COMMON,
    "none_selected": gettext_lazy("Download selected"),
    "selected": gettext_lazy("Download selected ({count})"),
    "status": {str(status): name for status, name in STATUS_NAMES.items()},
    "of": gettext_lazy("{done} of {total}"),
    "delete_one": gettext_lazy("Delete this transcript and its recording?"),
    "delete_many": gettext_lazy("Delete {count} transcripts and their recordings?"),
    "tag_asked": gettext_lazy("Tag for the selected transcripts:"),
    "repeat_asked": gettext_lazy(
        "Transcribe the selected recordings ({count}) again? Each is charged like an upload, and "
        "the new text takes the place of the present one; the history keeps that."
    ),
    "repeated": gettext_lazy("Being transcribed again: {count}"),
    "not_all": gettext_lazy("{count} could not be changed: {problem}"),
    "deleted": gettext_lazy("Deleted: {count}"),
    "tagged": gettext_lazy("Tagged: {count}"),
    "sending": gettext_lazy("{name}: uploading"),
    "reading": gettext_lazy("{name}: processing"),
    "imported": gettext_lazy("{name}: imported"),
    "refused": gettext_lazy("{name}: {problem}"),
    "open": gettext_lazy("Open"),
}


@never_cache
@login_required
@require_safe
def show_transcripts(request: HttpRequest) -> HttpResponse:
    """GET /transcripts/?page= and the API's `search`, filters and `ordering`.

    As many queries for many as for one.
    """
    user = cast("User", request.user)
    own = Transcript.objects.filter(owner=user)
    asked = {name: request.GET.get(name, "") for name in ("search", "ordering", *FILTERS)}
    if asked["ordering"] == RELEVANCE and not asked["search"].strip():
        asked["ordering"] = ""
    page: Page[Transcript] | list[Transcript] = []
    found: dict[object, list[Highlight]] = {}
    problem = ""
    try:
        page, found = _read(own, asked, user, number=request.GET.get("page", "1"))
    except ApiError as error:
        problem = error.sentence
    parameters = request.GET.copy()
    parameters.pop("page", None)
    context = {
        "page": page,
        "rows": [_show(transcript, found.get(transcript.pk, [])) for transcript in page],
        "asked": asked,
        "problem": problem,
        "is_narrowed": any(asked[name] for name in ("search", *FILTERS)),
        "fields": _list_fields(own, asked, user),
        "query": parameters.urlencode(),
        "narrowing": {name: asked[name] for name in ("search", *FILTERS) if asked[name]},
        "formats": list(EXPORTS),
        "languages": sorted((name.capitalize(), code) for code, name in LANGUAGE_NAMES.items()),
        "texts": render_texts(TEXTS),
    }
    return render(request, "pages/library.html", context)


def _read(
    own: QuerySet[Transcript], asked: dict[str, str], user: User, *, number: str
) -> tuple[Page[Transcript], dict[object, list[Highlight]]]:
    """Return a page, and where what was searched for stands in each. Raises ApiError."""
    rows = filter_transcripts(own, asked).prefetch_related("tags")
    if not asked["search"].strip():
        return Paginator(rows, _PAGE_ROWS).get_page(number), {}
    terms = read_terms(asked["search"])
    pagination = SearchPagination(
        owner_id=user.pk, terms=terms if asked["ordering"] == RELEVANCE else ()
    )
    with searching():
        rows = search_transcripts(rows, terms, owner_id=user.pk)
        pages = pagination.django_paginator_class(rows, _PAGE_ROWS)
        try:
            page = pages.page(number)
        except InvalidPage:
            page = pages.page(1)
        found = find_highlights(list(page), terms, owner_id=user.pk)
    return page, dict(found.items())


def _show(transcript: Transcript, found: list[Highlight]) -> dict[str, object]:
    return {
        "transcript": transcript,
        "title": transcript.title or transcript.recording.file_name or _("Transcript"),
        "status": STATUS_NAMES[Status(transcript.status)],
        "length": format_clock(transcript.job.audio_duration_ms or transcript.recording.probed_ms),
        "is_readable": transcript.status in READABLE_STATUSES,
        "is_open": transcript.status in OPEN_STATUSES,
        "part": _part_of(transcript),
        "problem": translate_refusal(transcript.job.error_message),
        "is_live": transcript.source == Source.LIVE,
        "tags": [tag.name for tag in transcript.tags.all()],
        "found": [
            {
                "time": "" if each.start_ms is None else format_clock(each.start_ms),
                "segment": each.segment or "",
                "html": mark_safe(each.html),  # noqa: S308  # `Highlight.html` escapes the text
            }
            for each in found
        ],
    }


def _part_of(transcript: Transcript) -> str:
    """Return how much of it is transcribed, 0 to 1, as HTML takes it; empty where that is open."""
    job = transcript.job
    total_ms = job.audio_duration_ms or transcript.recording.probed_ms
    is_known = transcript.status == Status.PROCESSING and total_ms and job.resume_ms
    return f"{min(1.0, job.resume_ms / total_ms):.3f}" if is_known else ""


def _list_fields(
    own: QuerySet[Transcript], asked: dict[str, str], user: User
) -> list[dict[str, object]]:
    """Return the choices that would find something. Two queries."""
    languages = own.exclude(language="").order_by("language").values_list("language", flat=True)
    tags = Tag.objects.filter(transcript__owner=user).order_by("name")
    names = tags.values_list("name", flat=True).distinct()[:_MOST_TAGS]
    choices: dict[str, tuple[object, dict[str, object]]] = {
        "status": (_("Status"), {str(value): name for value, name in STATUS_NAMES.items()}),
        "language": (
            _("Language"),
            {code: LANGUAGE_NAMES.get(code, code).capitalize() for code in languages.distinct()},
        ),
        "source": (_("Source"), {str(value): name for value, name in SOURCE_NAMES.items()}),
        "tag": (_("Tag"), {name: name for name in names}),
        "ordering": (_("Sort by"), {**_ORDERINGS}),
    }
    return [
        {"name": name, "label": label, "choices": values.items(), "chosen": asked[name]}
        for name, (label, values) in choices.items()
        if values
    ]
