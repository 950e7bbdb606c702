"""`Idempotency-Key` on POST /v1/transcribe: once, however often it is sent."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import requests
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import IdempotencyRecord
from accounts.services.idempotency import IdempotencyClaim, StoredResponse, begin
from billing.ledger import read_balance
from tests.e2e.processes import wait_until
from tests.transcripts.api.test_transcripts import make
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.jobs.cancel import delete_transcript
from transcripts.models import Status, StoredResponseLink, Transcript
from transcripts.services.stored_responses import purge_answers, store_link

TWENTY = 20


def send(
    client: Client, key: str, /, content: bytes | None = None, **fields: str
) -> requests.Response:
    return client.call(
        "POST",
        "/v1/transcribe",
        files={"file": ("talk.wav", wav() if content is None else content)},
        data={"diarize": "false", **fields},
        headers={"Idempotency-Key": key},
    )


def minutes_left(client: Client) -> int:
    assert client.account is not None
    return read_balance(client.account).minutes_left


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("fields", [{}, {"response_format": "srt"}, {"async": "true"}])
def test_the_same_request_again_gets_the_same_answer(
    client: Client, worker: Worker, fields: dict[str, Any]
) -> None:
    first = send(client, "once", **fields)
    again = send(client, '"once"', **fields)  # quoted, as the draft of the IETF has it

    assert first.status_code == (202 if fields.get("async") else 200)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    ours = {name.lower() for name in first.headers if name.lower().startswith("x-")}
    same = ours - {"x-request-id"}
    assert len(same) >= 5
    for name in (*same, "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (Transcript.objects.count(), minutes_left(client)) == (1, 59)


def test_the_answer_stays_what_it_was_when_the_transcript_changes(
    client: Client, worker: Worker
) -> None:
    first = send(client, "once")
    Transcript.objects.get().segments.update(text="Somebody corrected this.")

    assert send(client, "once").content == first.content


@pytest.mark.parametrize(
    ("content", "fields"),
    [(wav(seconds=2), {}), (None, {"language": "cs"}), (None, {"response_format": "txt"})],
)
def test_another_request_with_the_same_key_is_refused(
    client: Client, worker: Worker, content: bytes | None, fields: dict[str, str]
) -> None:
    send(client, "once")

    assert refusal(send(client, "once", content, **fields)) == (422, "idempotency_key_reused")
    assert Transcript.objects.count() == 1


def test_while_the_first_one_runs_the_second_is_asked_to_wait(
    client: Client, request: pytest.FixtureRequest
) -> None:
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(send, Client(client.url, client.key), "once")
        wait_until(lambda: Transcript.objects.exists(), what="the first is queued")

        second = send(client, "once")

        assert refusal(second) == (409, "idempotency_key_in_use")
        assert int(second.headers["Retry-After"]) > 0
        request.getfixturevalue("worker")
        assert first.result(30).status_code == 200
    assert send(client, "once").headers["Idempotent-Replayed"] == "true"


@pytest.mark.database
def test_of_twenty_at_once_one_is_carried_out(client: Client, worker: Worker) -> None:
    def send_one(_: int) -> requests.Response:
        return send(Client(client.url, client.key), "once")

    with ThreadPoolExecutor(TWENTY) as threads:
        answers = list(threads.map(send_one, range(TWENTY)))

    answered = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    fresh = [answer for answer in answered if "Idempotent-Replayed" not in answer.headers]
    assert len(fresh) == 1
    assert {answer.content for answer in answered} == {fresh[0].content}
    assert {refusal(answer) for answer in refused} <= {(409, "idempotency_key_in_use")}
    assert (Transcript.objects.count(), minutes_left(client)) == (1, 59)
    assert send(client, "once").content == fresh[0].content


def test_keys_are_each_accounts_own(client: Client, guest: Client, worker: Worker) -> None:
    other = make_client(guest.url)
    first = send(client, "once")

    answer = send(other, "once", wav(seconds=2))

    assert (answer.status_code, answer.json()["id"] != first.json()["id"]) == (200, True)


def test_a_refusal_is_not_stored(client: Client, worker: Worker) -> None:
    refused = send(client, "once", language="cs", model="no-such-model")
    assert refused.status_code == 400

    assert send(client, "once").status_code == 200


def test_a_wait_that_ran_out_is_not_stored_and_goes_on(
    client: Client, settings: Settings, request: pytest.FixtureRequest
) -> None:
    settings.SYNC_WAIT_S = 0.1
    assert refusal(send(client, "once")) == (503, "still_processing")
    settings.SYNC_WAIT_S = 20.0
    request.getfixturevalue("worker")

    answer = send(client, "once")

    assert answer.status_code == 200
    assert "Idempotent-Replayed" not in answer.headers
    assert (Transcript.objects.count(), minutes_left(client)) == (1, 59)


def test_a_client_that_goes_away_may_come_back_with_its_key(
    client: Client, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(
            client.url + "/v1/transcribe",
            files={"file": wav()},
            data={"diarize": "false"},
            headers={"Authorization": f"Bearer {client.key}", "Idempotency-Key": "once"},
            timeout=1,
        )
    wait_until(lambda: not IdempotencyRecord.objects.exists(), what="the key is released")
    request.getfixturevalue("worker")

    assert send(client, "once").status_code == 200
    assert (Transcript.objects.count(), minutes_left(client)) == (1, 59)


@pytest.mark.database
def test_the_claim_of_a_process_that_died_is_taken_over_by_one(client: Client) -> None:
    now = timezone.now()
    minute = timedelta(minutes=1)
    died = begin(client.user, "once", fingerprint="f" * 64, lasts=minute, now=now)
    assert isinstance(died, IdempotencyClaim)

    taken = begin(client.user, "once", fingerprint="f" * 64, lasts=minute, now=now + 2 * minute)

    assert isinstance(taken, IdempotencyClaim)
    assert taken != died
    with pytest.raises(Exception, match="still being answered"):
        begin(client.user, "once", fingerprint="f" * 64, lasts=minute, now=now + 2 * minute)


def test_when_the_transcript_is_deleted_its_text_goes_and_it_is_not_made_again(
    client: Client, worker: Worker
) -> None:
    send(client, "once")
    delete_transcript(Transcript.objects.get())

    again = send(client, "once")

    assert refusal(again) == (409, "deleted")
    record = IdempotencyRecord.objects.get()
    assert (bytes(record.body), record.headers) == (b"", {})
    assert not Transcript.objects.exists()


@pytest.mark.database
def test_while_a_transcript_is_deleted_no_answer_of_it_is_stored(client: Client) -> None:
    """Whichever comes first: nothing of the text is left, and neither fails."""
    body = StoredResponse(200, {}, b"its text")
    for number in range(10):
        transcript = make(client)
        claim = begin(client.user, f"{number}", fingerprint="f" * 64, lasts=timedelta(minutes=1))
        assert isinstance(claim, IdempotencyClaim)
        with ThreadPoolExecutor(2) as threads:
            waiting = threads.submit(
                in_thread, partial(store_link, claim, body, transcript_id=transcript.pk)
            )
            threads.submit(in_thread, partial(delete_transcript, transcript)).result(30)
            waiting.result(30)

    assert not StoredResponseLink.objects.exists()
    assert {bytes(record.body) for record in IdempotencyRecord.objects.all()} <= {b""}


def in_thread(do: Callable[[], object]) -> None:
    try:
        do()
    finally:
        connection.close()


def test_a_key_is_free_again_after_a_day(client: Client, worker: Worker) -> None:
    first = send(client, "once")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))

    answer = send(client, "once", wav(seconds=2))

    assert (answer.status_code, answer.json()["id"] != first.json()["id"]) == (200, True)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert purge_answers() == 1
    assert not IdempotencyRecord.objects.exists()
    assert not StoredResponseLink.objects.exists()


@pytest.mark.parametrize("key", ["x" * 256, "with space", '"open', '"a"b"', "tab\tx", '""'])
def test_what_is_no_key_is_refused(client: Client, key: str) -> None:
    assert refusal(send(client, key)) == (400, "invalid_idempotency_key")
    assert not Transcript.objects.filter(status=Status.QUEUED).exists()


def test_a_guest_has_no_account_to_store_a_key_for(guest: Client) -> None:
    assert refusal(send(guest, "once")) == (400, "idempotency_needs_account")
    assert not Transcript.objects.exists()


def test_a_large_answer_is_stored_whole(client: Client, worker: Worker) -> None:
    first: Any = send(client, "once", wav(seconds=60))

    again = send(client, "once", wav(seconds=60))

    assert json.loads(again.content) == first.json()
    assert len(IdempotencyRecord.objects.get().body) < len(first.content) / 2
