"""What is charged and refused at the very edges, by HTTP."""

import io
import wave
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from billing.ledger import read_balance
from billing.models import AnonymousUse
from tests.e2e.processes import wait_until
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.jobs.test_run import once_stored
from tests.transcripts.served_api import RATE_HZ, Client, Worker, wav
from transcripts.models import Transcript

THREE_A_DAY = [200, 200, 200, 429]


def wav_of(milliseconds: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(b"\x10\x00" * (RATE_HZ * milliseconds // 1000))
    return buffer.getvalue()


@pytest.mark.parametrize(("milliseconds", "charged"), [(60_000, "1"), (60_001, "2")])
def test_a_minute_is_charged_as_soon_as_it_begins(
    client: Client, worker: Worker, milliseconds: int, charged: str
) -> None:
    answer = client.transcribe(wav_of(milliseconds), diarize="false")

    assert answer.status_code == 200
    assert answer.headers["X-Credits-Charged"] == charged
    assert answer.headers["X-Credits-Left"] == str(60 - int(charged))


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_what_is_stopped_after_text_was_delivered_costs_what_was_transcribed(
    client: Client, worker: Worker, inference: FakeInference, how: str
) -> None:
    def stop(path: str) -> None:
        method, place = ("POST", path + "cancel/") if how == "cancel" else ("DELETE", path)
        assert client.get(path).json()["text"].startswith("w0 w1")
        assert client.call(method, place).ok

    def hook(number: int) -> None:
        if number == 70:
            row = Transcript.objects.get()
            once_stored(row, 70, lambda: stop(f"/api/v1/transcripts/{row.pk}/"))(number)

    inference.scripts.append(Script(before_window=hook))
    assert client.transcribe(wav(seconds=130), is_async=True, diarize="false").status_code == 202

    account = client.account
    assert account is not None
    wait_until(lambda: read_balance(account).minutes_left == 58, what="70 s are charged")


def visit(guest: Client, address: str, sample: bytes = b"\x10\x00") -> int:
    headers = {"X-Forwarded-For": address}
    return guest.call(
        "POST",
        "/v1/transcribe",
        headers=headers,
        files={"file": ("a.wav", wav(seconds=1, sample=sample))},
        data={"diarize": "false"},
    ).status_code


def test_a_guests_share_is_new_after_midnight_utc(guest: Client, worker: Worker) -> None:
    assert [visit(guest, "") for _ in range(4)] == THREE_A_DAY
    AnonymousUse.objects.update(day=F("day") - timedelta(days=1))  # it was yesterday
    assert [visit(guest, "") for _ in range(4)] == THREE_A_DAY


def test_addresses_of_one_ipv6_site_share_a_day(
    guest: Client, worker: Worker, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8", "::1"]
    shared = [visit(guest, f"2001:db8:1:2::{number}") for number in range(4)]
    assert shared == THREE_A_DAY
    assert visit(guest, "2001:db8:1:3::1") == 200


def test_what_a_guest_claims_before_our_proxy_wrote_counts_for_nothing(
    guest: Client, worker: Worker, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8", "::1"]
    claims = [visit(guest, f"198.51.100.{number}, 203.0.113.7") for number in range(4)]
    assert claims == THREE_A_DAY


def test_no_one_is_trusted_who_is_no_proxy_of_ours(guest: Client, worker: Worker) -> None:
    assert [visit(guest, f"198.51.100.{number}") for number in range(4)] == THREE_A_DAY


def test_a_guest_over_the_limit_sees_what_helps(guest: Client) -> None:
    assert guest.transcribe(is_async=True).status_code == 202

    answer = guest.transcribe(wav(sample=b"\x05\x00"), is_async=True)

    assert (answer.status_code, answer.json()["code"]) == (429, "concurrency_limit")
    assert int(answer.headers["Retry-After"]) > 0
    assert '"live";q=1' in answer.headers["RateLimit-Policy"]
    assert '"live";r=0' in answer.headers["RateLimit"]
    assert "async" not in answer.json()["error"]
