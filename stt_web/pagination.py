"""How every list is paged: `{"count", "next", "previous", "results"}`."""

from typing import Any

from rest_framework import exceptions, pagination

from stt_web.errors import ApiError


class PageNumberPagination(pagination.PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def paginate_queryset(self, *args: Any, **options: Any) -> list[Any] | None:
        """Raises ApiError (404) for a page that there isn't."""
        try:
            return super().paginate_queryset(*args, **options)
        except exceptions.NotFound:
            raise ApiError(
                "There is no such page. Pages are numbered from 1; follow `next` until it is null.",
                status=404,
                code="invalid_page",
            ) from None
