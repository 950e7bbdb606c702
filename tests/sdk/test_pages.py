"""Lists are read page by page, from the server that was asked."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sdk.conftest import Ask
from tests.sdk.unreliable_server import Answer, Received


def page(number: int, *, host: str = "http://127.0.0.1:1", last: int = 3) -> Answer:
    following = f"{host}/elsewhere/?page={number + 1}&page_size=2&search=a"
    results = [{"id": f"{number}-{n}"} for n in range(2)]
    body = {"count": 6, "next": following if number < last else None, "results": results}
    return Answer(body=body)


def by_page(request: Received) -> Answer:
    query = parse_qs(urlsplit(request.path).query)
    return page(int(query.get("page", ["1"])[0]))


def test_a_list_is_read_to_its_end(serve: Any, ask: Ask) -> None:
    server = serve(by_page)

    found = ask(server, lambda client: client.transcripts.list(search="a", page_size=2))

    assert [each["id"] for each in found] == ["1-0", "1-1", "2-0", "2-1", "3-0", "3-1"]


def test_next_leads_to_no_other_host_and_no_other_path(serve: Any, ask: Ask) -> None:
    other = serve([page(1)])
    server = serve([page(1, host=other.url), page(2, host=other.url), page(3)])

    assert len(ask(server, lambda client: client.transcripts.list(search="a", page_size=2))) == 6
    assert other.received == []
    assert {urlsplit(each.path).path for each in server.received} == {"/api/v1/transcripts/"}


def test_a_next_that_leads_nowhere_ends_the_list(serve: Any, ask: Ask) -> None:
    body = {"count": 1, "next": "/x/?page_size=100", "results": [{"id": "1"}]}
    server = serve([Answer(body=body)])

    assert len(ask(server, lambda client: client.transcripts.list())) == 1
    assert len(server.received) == 1


def test_what_slides_to_the_next_page_comes_once(serve: Any, ask: Ask) -> None:
    """A new transcript moves each one down by one."""
    first = {"count": 3, "next": "/x/?page=2", "results": [{"id": "c"}, {"id": "b"}]}
    second = {"count": 4, "next": None, "results": [{"id": "b"}, {"id": "a"}]}
    server = serve([Answer(body=first), Answer(body=second)])

    found = ask(server, lambda client: client.transcripts.list())

    assert [each["id"] for each in found] == ["c", "b", "a"]
