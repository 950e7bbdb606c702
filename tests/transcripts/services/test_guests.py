"""POST transcripts/claim/: what a guest had transcribed becomes an account's, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.test import Client as DjangoClient
from django.utils import timezone

from accounts.guest_tokens import make_guest_token
from accounts.keys.issue import issue_api_key
from billing.models import LedgerEntry
from tests.stt_web.served import Served
from tests.transcripts.rows import create_transcript, update_transcripts
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.models import Status, Transcript
from transcripts.retention.purge import purge_anonymous

CLAIM = "/api/v1/transcripts/claim/"


def make_guests(**fields: Any) -> tuple[Transcript, str]:
    """Return a guest's transcript, finished, and its token."""
    token, digest = make_guest_token()
    values = {"model_requested": "tiny", "status": Status.COMPLETED, "audio_duration_ms": 2000}
    values |= {"finished_at": timezone.now(), "guest_address_digest": "an address", **fields}
    return create_transcript(guest_token_digest=digest, **values), token


def claim(client: Client, token: str) -> requests.Response:
    return client.call("POST", CLAIM, json={"token": token})


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_guests_transcript_becomes_the_accounts_free_of_charge(
    client: Client, guest: Client, worker: Worker
) -> None:
    made = guest.transcribe(diarize="false")
    token, path = made.headers["X-Transcript-Token"], f"/api/v1/transcripts/{made.json()['id']}/"
    before = LedgerEntry.objects.count()

    answer = claim(client, token)

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["credits_charged"]) == (made.json()["id"], 0)
    assert LedgerEntry.objects.count() == before
    assert client.get(path).json()["text"] == "w0 w1 w2"
    assert client.get(path + "audio/").status_code == 404
    found = client.get("/api/v1/transcripts/", params={"search": "w1"}).json()
    assert [each["id"] for each in found["results"]] == [made.json()["id"]]


def test_the_token_is_used_up(client: Client, guest: Client) -> None:
    transcript, token = make_guests()
    assert claim(client, token).status_code == 200

    assert refused(claim(client, token)) == (404, "not_found")
    assert refused(claim(make_client(guest.url), token)) == (404, "not_found")
    opened = Client(guest.url, token).get(f"/api/v1/transcripts/{transcript.pk}/")
    assert opened.status_code == 404
    transcript.refresh_from_db()
    assert transcript.owner == client.user
    assert (transcript.guest_token_digest, transcript.guest_address_digest) == ("", "")


@pytest.mark.database
def test_of_two_claims_at_once_one_gets_it(client: Client, guest: Client) -> None:
    other = make_client(guest.url)
    for _ in range(5):
        transcript, token = make_guests()
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda who, raw=token: claim(who, raw), [client, other])

        assert sorted([first.status_code, second.status_code]) == [200, 404]
        transcript.refresh_from_db()
        assert transcript.owner == (client if first.ok else other).user


def test_it_can_be_claimed_for_an_hour(client: Client) -> None:
    now = timezone.now()
    _, late = make_guests(finished_at=now - timedelta(minutes=61))
    _, early = make_guests(finished_at=now - timedelta(minutes=59))

    assert refused(claim(client, late)) == (404, "not_found")
    assert claim(client, early).status_code == 200


def test_what_was_claimed_outlives_the_hour(client: Client) -> None:
    transcript, token = make_guests()
    assert claim(client, token).status_code == 200
    update_transcripts(Transcript.objects.all(), finished_at=timezone.now() - timedelta(days=1))

    purge_anonymous()

    assert Transcript.objects.filter(pk=transcript.pk).exists()


def test_a_recording_that_a_dead_worker_left_does_not_come_along(client: Client) -> None:
    folder = settings.MEDIA_ROOT / "left-behind"
    folder.mkdir(parents=True)
    (folder / "recording").write_bytes(b"sound")
    transcript, token = make_guests(path="left-behind/recording")

    assert claim(client, token).status_code == 200

    assert not folder.exists()
    transcript.refresh_from_db()
    assert transcript.recording.path == ""


def test_one_that_is_worked_on_has_to_be_waited_for(client: Client, guest: Client) -> None:
    token = guest.transcribe(is_async=True).json()["token"]

    answer = claim(client, token)

    assert refused(answer) == (409, "not_finished")
    assert answer.headers["Retry-After"] == "5"
    assert Transcript.objects.get().owner is None


@pytest.mark.parametrize("token", ["sttt_" + "x" * 43, "x", "stt_key"])
def test_an_unknown_token_claims_nothing(client: Client, token: str) -> None:
    make_guests()
    create_transcript(owner=client.user, model_requested="tiny", status=Status.COMPLETED)

    assert refused(claim(client, token)) == (404, "not_found")
    assert Transcript.objects.filter(owner=None).count() == 1


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": None}, {"token": ["x"]}, []])
def test_a_body_without_a_token_is_400(client: Client, body: object) -> None:
    assert client.call("POST", CLAIM, json=body).status_code == 400


def test_no_one_claims_without_an_account(guest: Client) -> None:
    transcript, token = make_guests()

    assert claim(guest, token).status_code == 401
    assert claim(Client(guest.url, token), token).status_code == 401
    transcript.refresh_from_db()
    assert transcript.owner is None


def test_a_narrowed_key_claims_nothing(client: Client) -> None:
    raw = issue_api_key(client.user, name="narrow", scopes=["read"])[1]
    _, token = make_guests()

    assert claim(Client(client.url, raw), token).status_code == 403


def test_another_method_is_405(client: Client) -> None:
    answer = client.get(CLAIM)

    assert refused(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(("made_by", "source"), [("api", "upload"), ("live", "live")])
def test_a_page_claims_by_its_session_what_a_page_sent(
    server: Served, client: Client, made_by: str, source: str
) -> None:
    transcript, token = make_guests(source=made_by)
    browser = DjangoClient()
    browser.force_login(client.user)

    answer = browser.post(CLAIM, {"token": token}, content_type="application/json")

    assert (answer.status_code, answer.json()["source"]) == (200, source)
    transcript.refresh_from_db()
    assert transcript.owner == client.user
