"""The headers of every answer, and which requests count as made over TLS."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path
from pytest_django import Settings

from stt_web.core.asgi.forwarded import ForwardedSchemeLayer
from stt_web.core.asgi.protection import offer_nonce
from stt_web.core.error_responses import allow_methods
from stt_web.core.security_headers import content_security_policy
from stt_web.urls import urlpatterns as own_urlpatterns
from tests.transcripts.api.test_transcripts import make
from tests.transcripts.served_api import Client, guest, inference, make_client, server

__all__ = ["guest", "inference", "server"]

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ENTRANCE = "/account/login/"


@allow_methods("GET")
async def show_nonce(request: HttpRequest) -> HttpResponse:
    template = Template("{% if styled %}<style nonce='{{ csp_nonce }}'></style>{% endif %}")
    context = {"styled": request.GET.get("styled"), **offer_nonce(request)}
    return HttpResponse(template.render(Context(context)))


@allow_methods("GET")
async def set_cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("secure" if request.is_secure() else "plain")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", secure=True)
    return response


urlpatterns = [
    path("nonce", show_nonce),
    path("cookies", set_cookies),
    *own_urlpatterns,
]
handler404 = "stt_web.core.error_responses.answer_404"


@pytest.fixture
def caller(guest: Client, settings: Settings) -> Client:
    settings.ROOT_URLCONF = __name__
    return guest


@pytest.mark.parametrize(
    ("method", "address", "options"),
    [
        ("GET", "/", {}),
        ("GET", "/nowhere", {}),
        ("GET", "/v1/models", {}),
        ("GET", "/api/v1/account/", {}),
        ("GET", "/account/ticket/", {}),  # 405 of Django's own decorator
        ("DELETE", "/docs", {}),  # 405 of ours
        ("OPTIONS", "/v1/models", {"headers": {"Access-Control-Request-Method": "GET"}}),
        ("POST", "/v1/transcribe", {"data": b"no form"}),  # the ingest's 415
        ("POST", "/api/v1/keys/", {"data": b"x" * (3 * 2**20)}),  # the ingest's 413
        ("GET", "/", {"headers": {"Host": "elsewhere.example"}}),
        ("GET", "/static/stt_web/style.css", {}),
        ("GET", "/health", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/admin/", {}),
        ("GET", "/s/unknown/", {}),
    ],
)
def test_every_answer_has_the_security_headers(
    caller: Client, method: str, address: str, options: dict[str, Any]
) -> None:
    answer = caller.call(method, address, allow_redirects=False, **options)

    assert {name: answer.headers.get(name) for name in FIXED if name != "Referrer-Policy"} == {
        name: value for name, value in FIXED.items() if name != "Referrer-Policy"
    }
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert answer.headers["Content-Security-Policy"] == content_security_policy()
    assert "microphone=(self)" in answer.headers["Permissions-Policy"]


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(settings: Settings) -> None:
    policy = dict(part.split(" ", 1) for part in content_security_policy().split("; "))

    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["manifest-src"] == policy["worker-src"] == "'self'"
    assert "unsafe" not in content_security_policy()

    settings.STORAGE_ORIGIN = "https://storage.example"
    policy = dict(part.split(" ", 1) for part in content_security_policy().split("; "))
    assert policy["media-src"].endswith(" https://storage.example")
    assert policy["connect-src"] == "'self' https://storage.example"


def test_a_page_that_uses_the_nonce_gets_it_into_its_policy(caller: Client) -> None:
    plain = caller.get("/nonce")
    first, second = (caller.get("/nonce?styled=1") for _ in range(2))

    assert "nonce" not in plain.headers["Content-Security-Policy"]
    nonces = [re.findall(r"nonce='(\S{16,})'", each.text)[0] for each in (first, second)]
    assert len(set(nonces)) == 2
    for answer, nonce in zip((first, second), nonces, strict=True):
        assert f"style-src 'self' 'nonce-{nonce}';" in answer.headers["Content-Security-Policy"]


def forwarded(caller: Client, claim: str) -> requests.Response:
    return caller.get("/cookies", headers={"X-Forwarded-Proto": claim})


@pytest.mark.parametrize("claim", ["https", "http, https", "HTTPS"])
def test_a_trusted_proxy_states_that_a_request_came_over_tls(
    caller: Client, settings: Settings, claim: str
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]

    answer = forwarded(caller, claim)

    assert answer.text == "secure"
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert answer.raw.headers.getlist("set-cookie") == [
        "one=1; Path=/; Secure",
        "two=2; Path=/; Secure",
    ]


@pytest.mark.parametrize("claim", ["http", "https, http", "ftp", ""])
def test_what_is_not_tls_is_not_taken_for_it(
    caller: Client, settings: Settings, claim: str
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]

    answer = forwarded(caller, claim)

    assert answer.text == "plain"
    assert "Strict-Transport-Security" not in answer.headers


def test_no_one_elses_word_counts(caller: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["192.0.2.0/24"]

    answer = forwarded(caller, "https")

    assert answer.text == "plain"
    assert "Strict-Transport-Security" not in answer.headers
    assert answer.raw.headers.getlist("set-cookie")[0] == "one=1; Path=/"


@pytest.mark.parametrize(
    ("claim", "trusted", "scheme"),
    [("https", ["192.0.2.0/24"], "wss"), ("wss", ["192.0.2.0/24"], "wss"), ("https", [], "ws")],
)
def test_a_socket_has_the_scheme_that_a_trusted_proxy_names(
    settings: Settings, claim: str, trusted: list[str], scheme: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    seen = []

    async def note(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["scheme"])

    headers = [(b"x-forwarded-proto", claim.encode())]
    scope: Any = {
        "type": "websocket", "scheme": "ws", "client": ("192.0.2.7", 1), "headers": headers,
    }  # fmt: skip
    asyncio.run(ForwardedSchemeLayer(note)(scope, None, None))  # type: ignore[arg-type]

    assert seen == [scheme]


def test_pages_of_a_list_lead_to_the_public_address(guest: Client, settings: Settings) -> None:
    client = make_client(guest.url)
    for _ in range(3):
        make(client)
    settings.PUBLIC_URL = "https://stt.example"

    body = client.get(
        "/api/v1/transcripts/?page_size=1&page=2",
        headers={"X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere"},
    ).json()

    start = "https://stt.example/api/v1/transcripts/?"
    assert body["next"] == f"{start}page=3&page_size=1"
    assert body["previous"] == f"{start}page_size=1"


@pytest.mark.parametrize(
    ("public_url", "session", "shared"),
    [
        ("https://stt.example", "__Host-sessionid", "__Secure-shared_pass"),
        ("http://stt.example", "sessionid", "shared_pass"),
    ],
)
def test_cookies_belong_to_this_host_where_it_is_reached_over_tls(
    public_url: str, session: str, shared: str, tmp_path: Path
) -> None:
    code = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.SHARE_COOKIE_NAME, s.SESSION_COOKIE_SECURE)"
    )
    env = {
        **os.environ,
        "STT_PUBLIC_URL": public_url,
        "STT_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "stt_web.settings",
    }
    printed = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout

    assert printed.split() == [session, shared, str(public_url.startswith("https"))]
