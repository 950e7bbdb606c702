"""Pages of what a search found: counted and read in one pass, in the order that was asked for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from stt_web.core.pagination import PageNumberPagination
from transcripts.models import Transcript
from transcripts.search.query import FoundPage, Term, read_page, read_relevant_page

_LAST_THAT_CAN_BE = 10**9


class SearchPagination(PageNumberPagination):
    """`terms` where the most relevant come first, else the order of the rows."""

    def __init__(self, *, owner_id: UUID, terms: Sequence[Term] = ()) -> None:
        self._owner_id = owner_id
        self._terms = terms

    def django_paginator_class(  # type: ignore[override]  # DRF calls it as it would the class
        self, rows: QuerySet[Transcript], size: int
    ) -> "_OnePassPaginator":
        return _OnePassPaginator(rows, size, owner_id=self._owner_id, terms=self._terms)


class _OnePassPaginator(Paginator):  # type: ignore[type-arg]  # takes none when it runs
    """Django's counts before it reads, which takes a search as long again."""

    def __init__(
        self, rows: QuerySet[Transcript], size: int, *, owner_id: UUID, terms: Sequence[Term]
    ) -> None:
        super().__init__(rows, size)
        self._rows, self._owner_id, self._terms = rows, owner_id, terms

    def page(self, number: Any) -> "Page[Transcript]":
        """Return the page. Raises InvalidPage where there is none. Three queries."""
        wanted = int(number)  # `get_page_number` has checked it
        if not 1 <= wanted <= _LAST_THAT_CAN_BE:
            return super().page(number)
        found = self._find(start=(wanted - 1) * self.per_page)
        if not found.ids and wanted > 1:  # beyond the last: how many there are isn't known
            return super().page(number)
        self.count = found.count
        rows = Transcript.objects.prefetch_related("tags").in_bulk(found.ids)
        return Page([rows[pk] for pk in found.ids if pk in rows], wanted, self)

    def _find(self, *, start: int) -> FoundPage:
        if not self._terms:
            return read_page(self._rows, start=start, size=self.per_page)
        return read_relevant_page(
            self._rows, self._terms, owner_id=self._owner_id, start=start, size=self.per_page
        )
