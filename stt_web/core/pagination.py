"""How every list is paged: `{"count", "next", "previous", "results"}`."""

import re
from typing import Any, Final

from rest_framework import exceptions, pagination
from rest_framework.request import Request

from stt_web.core.errors import ApiError
from stt_web.core.public_address import absolute_url

_PAGE: Final = re.compile(r"[0-9]{1,9}")


class PageNotFoundError(ApiError):
    """There is no such page."""

    status = 404
    code = "invalid_page"

    def __init__(self) -> None:
        super().__init__(
            "There is no such page. Pages are numbered from 1; follow `next` until it is null."
        )


class PageNumberPagination(pagination.PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def paginate_queryset(self, *args: Any, **options: Any) -> list[Any] | None:
        """Raises ApiError (404) for a page that there isn't."""
        try:
            return super().paginate_queryset(*args, **options)
        except exceptions.NotFound:
            raise PageNotFoundError from None

    def get_page_number(self, request: Request, paginator: Any) -> int | str:
        """Raises ApiError (404) for what is not the number of a page."""
        number: int | str = super().get_page_number(request, paginator)
        if isinstance(number, str) and _PAGE.fullmatch(number) is None:
            raise PageNotFoundError
        return number

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param, "")
        if _PAGE.fullmatch(asked) is None or not int(asked):
            return self.page_size
        return min(int(asked), self.max_page_size)

    def get_next_link(self) -> str | None:
        return self._public(super().get_next_link())

    def get_previous_link(self) -> str | None:
        return self._public(super().get_previous_link())

    def _public(self, link: str | None) -> str | None:
        """Return the link at our public address: a client sends its key where `next` leads."""
        if link is None or self.request is None:
            return None
        path_and_query = "/" + link.split("/", 3)[3]
        return absolute_url(self.request._request, path_and_query)
