"""POST /v1/transcribe counts towards the requests a minute, before its body is read."""

from collections.abc import Iterator

import pytest

from billing.models import Plan
from tests.accounts.key_throttle import reset_key_throttle
from tests.billing.conftest import within_a_minute
from tests.transcripts.served_api import Client, make_client

__all__ = ["within_a_minute"]

pytestmark = pytest.mark.usefixtures("within_a_minute")


@pytest.fixture(autouse=True)
def _forgive_guesses() -> Iterator[None]:
    """The address of these tests is that of all others."""
    yield
    reset_key_throttle()


def test_a_guest_sees_the_limits(guest: Client) -> None:
    answer = guest.transcribe(is_async=True)
    assert answer.status_code == 202
    assert answer.headers["RateLimit-Policy"] == (
        '"default";q=60;w=60, "live";q=1;qu="concurrent-requests"'
    )
    assert answer.headers["RateLimit"].startswith('"default";r=59;t=')


def test_a_guest_who_asks_too_often_is_429(guest: Client) -> None:
    Plan.objects.filter(pk="anonymous").update(requests_per_minute=1, daily_transcriptions=9)
    bad, refused = (guest.transcribe(b"not audio") for _ in range(2))
    assert (bad.status_code, refused.status_code) == (400, 429)
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    for answer in (bad, refused):
        assert answer.headers["RateLimit"].startswith('"default";r=0;t=')


def test_both_surfaces_share_a_users_count(guest: Client) -> None:
    client = make_client(guest.url)
    Plan.objects.update(requests_per_minute=9)
    first = client.get("/api/v1/account/").headers["RateLimit"]
    second = client.transcribe(b"not audio").headers["RateLimit"]
    assert (first.split(";")[1], second.split(";")[1]) == ("r=8", "r=7")


def test_what_costs_nothing_is_not_counted(guest: Client) -> None:
    assert "RateLimit" not in guest.get("/v1/models").headers


def test_a_guesser_is_429_on_both_surfaces(guest: Client) -> None:
    guesser = Client(guest.url, key=f"stt_{0:043d}")
    statuses = [guesser.transcribe(b"").status_code for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    assert guesser.get("/api/v1/account/").status_code == 429
