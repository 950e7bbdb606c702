"""How long an answer takes doesn't reveal whether an address has an account: equal work."""

import statistics
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.pages.people import PASSWORD, browser_of, log_in, member
from tests.accounts.services.test_devices import lock_out
from tests.transcripts.rows import create_transcript
from transcripts.models import Status
from transcripts.sharing.links import create_share

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "known@example.com", "unknown{}@example.com"


class CountingHasher(PBKDF2PasswordHasher):
    """The real one, which counts how often it worked; cheaper, or the test takes minutes."""

    algorithm = "counting_pbkdf2"
    iterations = 50_000
    runs = 0

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        type(self).runs += 1
        return super().encode(password, salt, iterations)


@pytest.fixture(autouse=True)
def _counted(settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    cache.clear()
    yield
    cache.clear()


def sign_up(client: Client, email: str) -> None:
    answer = client.post("/account/signup/", {"email": email, "password1": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/confirm-email/")


def reset(client: Client, email: str) -> None:
    assert client.post("/account/password/reset/", {"email": email}).status_code == 302


def log_in_wrongly(client: Client, email: str) -> None:
    body = {"login": email, "password": "not the password"}
    assert client.post("/account/login/", body).status_code == 200


def change_address(client: Client, email: str) -> None:
    body = {"email": email, "action_add": ""}
    assert client.post("/account/email/", body).status_code == 302


FLOWS: dict[str, tuple[Callable[[Client, str], None], bool]] = {
    "sign-up": (sign_up, True),
    "log-in": (log_in_wrongly, True),
    "reset": (reset, False),
    "e-mail change": (change_address, False),
}


def measure(flow: str, email: str) -> tuple[int, float]:
    """Return how often a password was hashed, and the seconds that the request took."""
    act, _ = FLOWS[flow]
    client = browser_of(member("me@example.com")) if flow == "e-mail change" else Client()
    cache.clear()  # of attempts, or the limits answer
    before, started = CountingHasher.runs, time.perf_counter()
    act(client, email)
    taken = time.perf_counter() - started
    User.objects.exclude(email=KNOWN).delete()
    return CountingHasher.runs - before, taken


@pytest.mark.parametrize("flow", FLOWS)
def test_a_known_and_an_unknown_address_are_hashed_for_alike(flow: str) -> None:
    member(KNOWN)

    known, _ = measure(flow, KNOWN)
    unknown, _ = measure(flow, UNKNOWN.format(0))

    assert known == unknown == (1 if FLOWS[flow][1] else 0)


@pytest.mark.parametrize("kind", ["inactive", "without a password", "unconfirmed"])
def test_an_account_of_any_kind_costs_a_failed_log_in_the_same(kind: str) -> None:
    user = member(KNOWN, is_verified=kind != "unconfirmed")
    User.objects.filter(pk=user.pk).update(is_active=kind != "inactive")
    if kind == "without a password":
        user.set_unusable_password()
        user.save()

    assert measure("log-in", KNOWN)[0] == 1


@pytest.mark.parametrize("flow", FLOWS)
def test_the_times_of_both_are_alike(flow: str) -> None:
    """Loosely: a busy machine is no leak. Without equal work sign-up was 30 times apart."""
    member(KNOWN)
    times = {"known": [], "unknown": []}  # type: dict[str, list[float]]
    for number in range(8):  # interleaved, so that a busy second counts for both
        times["known"].append(measure(flow, KNOWN)[1])
        times["unknown"].append(measure(flow, UNKNOWN.format(number))[1])

    known, unknown = (statistics.median(each[1:]) for each in times.values())
    assert max(known, unknown) / min(known, unknown) < 2.5, (known, unknown)


def test_a_right_and_a_wrong_password_of_a_shared_link_cost_the_same() -> None:
    owner = User.objects.create_user("owner@example.com")
    transcript = create_transcript(owner=owner, status=Status.COMPLETED)
    _, token = create_share(transcript, password="a good password")

    def hashes_for(password: str) -> tuple[int, int]:
        before = CountingHasher.runs
        answer = Client().post(f"/s/{token}/", {"password": password})
        return answer.status_code, CountingHasher.runs - before

    assert [hashes_for("a good password"), hashes_for("a bad password")] == [(303, 1), (403, 1)]


def test_a_locked_address_is_answered_without_hashing_whether_it_is_known_or_not() -> None:
    member(KNOWN)
    for email in (KNOWN, UNKNOWN.format(0)):
        cache.clear()
        lock_out(email)
        before = CountingHasher.runs
        log_in(Client(REMOTE_ADDR="198.51.100.7"), email)
        assert CountingHasher.runs == before
