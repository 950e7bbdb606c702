"""One shape of an error, for every refusal; and what is on every answer."""

import logging

import pytest
import requests
from django.http import HttpRequest, HttpResponse
from django.urls import path
from pytest_django import Settings
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from stt_web import urls
from stt_web.core.errors import ApiError
from tests.e2e.processes import wait_until
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]  # fixtures

handler400 = urls.handler400
handler403 = urls.handler403
handler404 = urls.handler404
handler500 = urls.handler500
SECRET = "the password of the database"


async def break_down(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET)


def break_down_in_a_thread(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET)


async def refuse(request: HttpRequest) -> HttpResponse:
    raise ApiError("Not now.", status=503, code="later", retry_after_s=7, extra={"id": "17"})


class Strict(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def get(self, request: Request) -> None:
        raise exceptions.Throttled(wait=4.2)

    def post(self, request: Request) -> None:
        _ = request.data
        raise exceptions.ValidationError({"name": ["This field is required."]})

    def delete(self, request: Request) -> None:
        raise RuntimeError(SECRET)


urlpatterns = [
    path("v1/broken", break_down),
    path("v1/broken-thread", break_down_in_a_thread),
    path("v1/refused", refuse),
    path("broken", break_down),
    path("refused", refuse),
    path("api/v1/strict/", Strict.as_view()),
    *urls.urlpatterns,
]


@pytest.fixture
def caller(guest: Client, settings: Settings) -> Client:
    settings.ROOT_URLCONF = "tests.stt_web.core.test_errors"
    return guest


def shape(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert isinstance(body["error"], str)
    assert answer.headers["X-Request-Id"]
    return answer.status_code, body["code"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1/nowhere", "/api/v1/nowhere/", "/api/v1/transcripts", "/static/no.css"]
)
def test_an_unknown_address_is_404(caller: Client, path: str) -> None:
    assert shape(caller.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/models", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("PUT", "/openapi.json", "GET, HEAD"),
        ("POST", "/api/v1/transcripts/", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_405_with_what_is_allowed(
    caller: Client, method: str, path: str, allow: str
) -> None:
    answer = caller.call(method, path)

    if path.startswith("/api/"):
        assert shape(answer) == (401, "missing_key"), "strangers learn nothing"
    else:
        assert shape(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/broken"), ("GET", "/v1/broken-thread"), ("DELETE", "/api/v1/strict/")],
)
def test_a_fault_of_ours_is_logged_under_the_id_that_the_client_gets(
    caller: Client, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    answer = caller.call(method, path, headers={"X-Request-Id": "my-request-1"})

    assert shape(answer) == (500, "internal_error")
    assert answer.json()["request_id"] == "my-request-1"
    assert SECRET not in answer.text
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert SECRET in str(logged[0].exc_info)


def test_what_a_plain_view_refuses_retains_its_status_headers_and_extras(caller: Client) -> None:
    answer = caller.get("/v1/refused")

    assert shape(answer) == (503, "later")
    assert answer.headers["Retry-After"] == "7"
    assert answer.json() == {"error": "Not now.", "code": "later", "id": "17"}


def test_drfs_own_refusals_have_the_shape_too(caller: Client) -> None:
    throttled = caller.get("/api/v1/strict/")
    invalid = caller.call("POST", "/api/v1/strict/", json={})
    malformed = caller.call(
        "POST", "/api/v1/strict/", data="{", headers={"Content-Type": "application/json"}
    )
    form = caller.call("POST", "/api/v1/strict/", data={"name": "x"})

    assert shape(throttled) == (429, "rate_limited")
    assert throttled.headers["Retry-After"] == "5"
    assert shape(invalid) == (400, "invalid_value")
    assert invalid.json()["error"] == "name: This field is required."
    assert shape(malformed) == (400, "malformed_body")
    assert shape(form) == (415, "unsupported_media_type")


def test_a_host_that_is_not_ours_is_400(caller: Client) -> None:
    assert shape(caller.get("/health", headers={"Host": "evil.example"})) == (400, "bad_request")


@pytest.mark.parametrize("sent", ["a b", "x" * 65, "ž", ""])
def test_a_request_id_that_could_harm_a_log_is_replaced(caller: Client, sent: str) -> None:
    answer = caller.get("/v1/formats", headers={"X-Request-Id": sent.encode()})

    assert answer.headers["X-Request-Id"] not in ("", sent)


def test_no_query_string_and_no_key_reaches_the_log(
    caller: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    caller.get("/v1/formats?token=stt_secret", headers={"Authorization": "Bearer stt_secret"})

    line = "event=request method=GET path=/v1/formats status=200"
    wait_until(lambda: line in caplog.text, what="the request is logged")
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    assert not [record for record in ours if "stt_secret" in record.getMessage()]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/nowhere", "/v1/transcribe"])
def test_pages_of_other_sites_may_call_v1_without_cookies(caller: Client, path: str) -> None:
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}
    preflight = caller.call(
        "OPTIONS", path, headers={**asked, "Access-Control-Request-Headers": "authorization"}
    )
    answer = caller.call("POST", path, headers={"Origin": "https://other.example"})

    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*", "errors can be read too"
    assert "X-Transcript-Id" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_pages_of_other_sites_may_not_read_the_management_surface(caller: Client) -> None:
    answer = caller.get("/api/v1/transcripts/", headers={"Origin": "https://other.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "Page not found"),
        ("GET", "/account/ticket/", 405, "This address belongs to a button on another page."),
        ("POST", "/account/ticket/", 403, "This form has expired. Reload the page and try again."),
        ("GET", "/broken", 500, "Something went wrong."),
        ("POST", "/account/profile/", 413, "The body of this request is too large."),
        ("GET", "/refused", 503, "Not now."),
    ],
)
def test_who_opens_pages_gets_the_sentence_as_a_page(
    caller: Client, method: str, path: str, status: int, sentence: str
) -> None:
    body = b"x" * (2 * 1024 * 1024 + 1) if status == 413 else None
    looking = {"Accept": "text/html,*/*;q=0.8", "X-Request-Id": "my-request-2"}

    page = caller.call(method, path, headers=looking, data=body)
    program = caller.call(method, path, data=body)

    assert page.status_code == status
    assert page.headers["Content-Type"].startswith("text/html")
    assert f"<h1>{sentence}</h1>" in page.text
    assert ("my-request-2" in page.text) == (status == 500)
    assert SECRET not in page.text
    assert shape(program)[0] == status


def test_the_page_of_an_error_speaks_the_readers_language(caller: Client) -> None:
    czech = {"Accept": "text/html", "Accept-Language": "cs"}

    page = caller.get("/nowhere", headers=czech)

    assert '<html lang="cs">' in page.text
    assert "Stránka nenalezena" in page.text


def test_a_button_that_is_opened_by_its_address_states_what_would_be_allowed(
    caller: Client,
) -> None:
    answer = caller.get("/account/ticket/")

    assert shape(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
    assert "Use POST." in answer.json()["error"]


def test_the_apis_never_answer_with_a_page(caller: Client) -> None:
    looking = {"Accept": "text/html"}

    assert shape(caller.get("/v1/nowhere", headers=looking)) == (404, "not_found")
    assert shape(caller.get("/v1/broken", headers=looking)) == (500, "internal_error")
