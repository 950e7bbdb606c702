"""What is sent again, how often and when; and what each refusal is raised as."""

import threading
from email.utils import formatdate
from time import monotonic, time
from typing import Any

import open_stt
import pytest
from open_stt import Timeouts

from tests.sdk.conftest import Ask
from tests.sdk.unreliable_server import CUT, Answer

SOON = {"retry-after-ms": "20"}
MODELS = Answer(body={"models": []})
REFUSAL = {"error": "Try later.", "code": "some_code"}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_call_is_sent_again_twice(serve: Any, ask: Ask, status: int) -> None:
    refused = Answer(status, REFUSAL, SOON)
    server = serve([refused, refused, MODELS])

    assert ask(server, lambda client: client.models()) == {"models": []}
    assert len(server.received) == 3
    assert len({each.headers["x-request-id"] for each in server.received}) == 1


def test_the_third_refusal_is_raised(serve: Any, ask: Ask) -> None:
    server = serve([Answer(503, REFUSAL, {**SOON, "X-Request-Id": "r17"})])

    with pytest.raises(open_stt.ServerError) as caught:
        ask(server, lambda client: client.models())

    assert len(server.received) == 3
    assert (caught.value.code, caught.value.request_id) == ("some_code", "r17")
    assert (caught.value.status_code, caught.value.retry_after) == (503, 0.02)


@pytest.mark.parametrize(
    "header",
    [
        {"Retry-After": "1"},
        {"retry-after-ms": "1000", "Retry-After": "60"},
        {"Retry-After": formatdate(time() + 2, usegmt=True)},
    ],
)
def test_the_server_names_the_time(serve: Any, ask: Ask, header: dict[str, str]) -> None:
    if "GMT" in header["Retry-After"]:
        header = {"Retry-After": formatdate(time() + 2, usegmt=True)}
    server = serve([Answer(429, REFUSAL, header), MODELS])
    began = monotonic()

    ask(server, lambda client: client.models())

    assert 0.9 <= monotonic() - began < 10


def test_a_server_that_asks_for_an_hour_is_not_waited_for(serve: Any, ask: Ask) -> None:
    server = serve([Answer(429, REFUSAL, {"Retry-After": "3600"})])

    with pytest.raises(open_stt.RateLimitError) as caught:
        ask(server, lambda client: client.models())

    assert (len(server.received), caught.value.retry_after) == (1, 3600)


def test_a_connection_that_breaks_is_made_again(serve: Any, ask: Ask) -> None:
    half = Answer(body={"models": []}, cut_after=5)
    server = serve([CUT, half, MODELS])

    assert ask(server, lambda client: client.models()) == {"models": []}


def test_what_costs_something_is_sent_again_under_one_key(serve: Any, ask: Ask) -> None:
    server = serve([CUT, Answer(409, REFUSAL, SOON), Answer(body={"summary": "Short."})])

    answer = ask(server, lambda client: client.summarize("A long text."))

    assert answer["summary"] == "Short."
    keys = {each.headers["idempotency-key"] for each in server.received}
    assert len(server.received) == 3
    assert len(keys) == 1


def test_what_may_have_been_done_is_not_done_twice(serve: Any, ask: Ask) -> None:
    """Two keys would be made otherwise."""
    server = serve([CUT])

    with pytest.raises(open_stt.ConnectionFailedError):
        ask(server, lambda client: client.keys.create("ci"))

    assert len(server.received) == 1


def test_what_was_refused_before_it_was_done_is_sent_again(serve: Any, ask: Ask) -> None:
    server = serve([Answer(429, REFUSAL, SOON), Answer(201, {"id": "1", "key": "stt_new"})])

    assert ask(server, lambda client: client.keys.create("ci"))["key"] == "stt_new"


def test_what_an_earlier_try_deleted_is_deleted(serve: Any, ask: Ask) -> None:
    server = serve([CUT, Answer(404, REFUSAL)])

    assert ask(server, lambda client: client.transcripts.delete("t1")) is None


def test_what_is_not_installed_is_not_waited_for(serve: Any, ask: Ask) -> None:
    server = serve([Answer(503, {"error": "Install it.", "code": "not_installed"})])

    with pytest.raises(open_stt.NotInstalledError, match="Install it"):
        ask(server, lambda client: client.models())

    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, open_stt.BadRequestError),
        (401, open_stt.AuthError),
        (402, open_stt.CreditError),
        (403, open_stt.AuthError),
        (404, open_stt.NotFoundError),
        (410, open_stt.NotFoundError),
        (412, open_stt.RevisionChangedError),
        (413, open_stt.TooLargeError),
        (415, open_stt.BadRequestError),
        (422, open_stt.ConflictError),
        (307, open_stt.BadRequestError),
    ],
)
def test_a_refusal_is_raised_as_what_it_is(
    serve: Any, ask: Ask, status: int, kind: type[open_stt.StatusError]
) -> None:
    server = serve([Answer(status, REFUSAL)])

    with pytest.raises(kind) as caught:
        ask(server, lambda client: client.account())

    assert len(server.received) == 1
    assert caught.value.status_code == status
    assert caught.value.request_id == server.received[0].headers["x-request-id"]


def test_a_page_of_a_proxy_is_no_message(serve: Any, ask: Ask) -> None:
    server = serve(
        [Answer(502, b"<html>Bad gateway</html>", {**SOON, "Content-Type": "text/html"})]
    )

    with pytest.raises(open_stt.ServerError) as caught:
        ask(server, lambda client: client.models())

    assert caught.value.message == "The server answered 502."


def test_a_page_in_place_of_json_is_an_error(serve: Any, ask: Ask) -> None:
    server = serve([Answer(200, b"<html>Welcome</html>", {"Content-Type": "text/html"})])

    with pytest.raises(open_stt.STTError, match="no JSON"):
        ask(server, lambda client: client.models())


@pytest.mark.parametrize(
    "timeout", [Timeouts(read_s=0.3), Timeouts(total_s=0.3), 0.3], ids=["phase", "total", "number"]
)
def test_a_server_that_is_silent_meets_the_deadline(serve: Any, ask: Ask, timeout: Any) -> None:
    until = threading.Event()
    server = serve([Answer(waits=until)])
    began = monotonic()
    try:
        with pytest.raises(open_stt.DeadlineError):
            ask(server, lambda client: client.models(), timeout=timeout, max_retries=0)
    finally:
        until.set()

    assert monotonic() - began < 5


def test_a_server_that_is_not_there_is_an_error(serve: Any, ask: Ask) -> None:
    server = serve([MODELS])
    server.url = "http://127.0.0.1:9"  # discard: closed

    with pytest.raises(open_stt.ConnectionFailedError, match=r"127\.0\.0\.1:9 can't be reached"):
        ask(server, lambda client: client.models(), max_retries=0)


def test_what_is_no_address_is_refused(serve: Any, ask: Ask) -> None:
    server = serve([MODELS])
    server.url = "stt.example.com"

    with pytest.raises(open_stt.ConnectionFailedError):
        ask(server, lambda client: client.models())


def test_the_environment_names_server_and_key(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve([MODELS])
    monkeypatch.setenv("STT_BASE_URL", server.url + "/")
    monkeypatch.setenv("STT_API_KEY", "stt_from_environment")

    with open_stt.STTClient() as client:
        client.models()

    assert server.received[0].headers["authorization"] == "Bearer stt_from_environment"
    assert server.received[0].path == "/v1/models"
