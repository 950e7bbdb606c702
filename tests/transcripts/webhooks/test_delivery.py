"""Messages arrive signed, are tried again when they don't, and never hold up anybody else's."""

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from allauth.account.models import EmailAddress
from django.db import connections
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import OutgoingMail, User
from tests.transcripts.rows import create_transcript
from tests.transcripts.webhooks import receiver as behave
from tests.transcripts.webhooks.conftest import MakeEndpoint
from tests.transcripts.webhooks.receiver import Message, Receiver
from transcripts.models import Status, Transcript
from transcripts.webhooks.delivery import MAX_TRIES, claim_due, purge_deliveries, record
from transcripts.webhooks.endpoints import replay, rotate_secret, send_test, update_endpoint
from transcripts.webhooks.events import MAX_BODY_BYTES, Event
from transcripts.webhooks.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.outbox import enqueue_status_events
from transcripts.webhooks.pump import pump_deliveries
from transcripts.webhooks.sender import Answer, Sender

SECOND = timedelta(seconds=1)


def verify(message: Message, secret: str) -> object:
    return Webhook(secret).verify(message.body.decode(), message.headers)


def finished(owner: User, **fields: object) -> Transcript:
    values = {"status": Status.COMPLETED, "model_requested": "tiny", "title": "Žlutý", **fields}
    return create_transcript(owner=owner, **values)


def pump_in_thread(sender: Sender) -> threading.Thread:
    def pump() -> None:
        try:
            pump_deliveries(sender)
        finally:
            connections.close_all()  # PostgreSQL drops no database that is in use

    thread = threading.Thread(target=pump)
    thread.start()
    return thread


def try_once(sender: Sender, *, now: datetime | None = None) -> Answer:
    """Send the one message that is due, as if it were `now`."""
    (claim,) = claim_due(limit=10, now=now)
    answer = sender.send(claim.request).result(10)
    assert record(claim, answer, now=now)
    return answer


def test_what_a_clock_wrote_that_was_ahead_is_sent_by_one_that_is_right(
    make_endpoint: MakeEndpoint, owner: User, receiver: Receiver, sender: Sender
) -> None:
    """A message of an hour later, and an endpoint that is busy until then."""
    make_endpoint()
    enqueue_status_events(finished(owner))
    ahead = timezone.now() + timedelta(hours=1)
    WebhookDelivery.objects.update(created_at=ahead, next_try_at=ahead)
    WebhookEndpoint.objects.update(busy_until=ahead, last_attempt_at=ahead)

    assert pump_deliveries(sender) == 1
    assert len(receiver.messages) == 1
    WebhookDelivery.objects.update(
        status=DeliveryStatus.PENDING, created_at=timezone.now(), next_try_at=ahead, tries=0
    )  # as if it were replayed then
    assert pump_deliveries(sender) == 1


def test_a_try_that_a_clock_put_off_that_was_ahead_is_made_by_one_that_is_right(
    make_endpoint: MakeEndpoint, owner: User, sender: Sender
) -> None:
    make_endpoint()
    enqueue_status_events(finished(owner))
    now = timezone.now()
    failure, ahead = Answer(status_code=500, error="bad_status"), now + timedelta(hours=9)
    [claim] = claim_due(limit=10, now=ahead)
    assert record(claim, failure, now=ahead)

    [again] = claim_due(limit=10, now=now)
    assert record(again, failure, now=now)

    assert again.delivery.pk == claim.delivery.pk
    assert claim_due(limit=10, now=now) == []  # that one was made by the right clock
    delivery = WebhookDelivery.objects.get()
    assert delivery.tries == 2
    assert delivery.next_try_at is not None
    assert now < delivery.next_try_at < now + timedelta(hours=1)
    assert len(claim_due(limit=10, now=delivery.next_try_at)) == 1


def test_a_busy_endpoint_and_a_later_try_are_not_mistaken_for_a_clock(
    make_endpoint: MakeEndpoint, owner: User, sender: Sender
) -> None:
    make_endpoint()
    enqueue_status_events(finished(owner))
    [claim] = claim_due(limit=10)
    assert claim_due(limit=10) == []  # busy
    assert record(claim, Answer(status_code=500, error="bad_status"))
    assert claim_due(limit=10) == []  # later


def test_a_message_is_signed_as_the_specification_asks(
    make_endpoint: MakeEndpoint, owner: User, receiver: Receiver, sender: Sender
) -> None:
    _, secret = make_endpoint()
    transcript = finished(owner)
    enqueue_status_events(transcript)

    assert pump_deliveries(sender) == 1

    (message,) = receiver.messages
    body = verify(message, secret)
    assert isinstance(body, dict)
    assert body["type"] == "transcript.completed"
    assert body["data"]["id"] == str(transcript.pk)
    assert body["data"]["title"] == "Žlutý"
    assert body["data"]["url"].endswith(f"/api/v1/transcripts/{transcript.pk}/")
    assert datetime.fromisoformat(body["timestamp"]).tzinfo == UTC
    assert message.head == "POST /hook?a=1 HTTP/1.1"
    assert message.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert message.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(message.body.decode() + " ", message.headers)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.message_id) == ("succeeded", message.headers["webhook-id"])


def test_the_longest_message_stays_below_20_kb(make_endpoint: MakeEndpoint, owner: User) -> None:
    make_endpoint()
    enqueue_status_events(
        finished(
            owner,
            title="😀" * 255,
            status=Status.FAILED,
            error_code="x" * 50,
            error_message="😀" * 500,
        )
    )

    assert len(WebhookDelivery.objects.get().body.encode()) < MAX_BODY_BYTES


def test_a_rotated_secret_and_the_one_before_both_verify_for_a_day(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    endpoint, first = make_endpoint()
    second = rotate_secret(endpoint)
    send_test(endpoint)
    pump_deliveries(sender)

    third = rotate_secret(endpoint)
    send_test(endpoint)
    pump_deliveries(sender)
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now())
    send_test(endpoint)
    pump_deliveries(sender)

    during, again, after = receiver.messages
    assert len({first, second, third}) == 3
    for message, valid, invalid in (
        (during, (first, second), (third,)),
        (again, (second, third), (first,)),
        (after, (third,), (first, second)),
    ):
        for secret in valid:
            verify(message, secret)
        for secret in invalid:
            with pytest.raises(WebhookVerificationError):
                verify(message, secret)


@pytest.mark.parametrize(
    ("behaviour", "status_code", "error"),
    [
        (behave.answer(500, body=b"Oh no"), 500, "bad_status"),
        (behave.answer(429), 429, "bad_status"),
        (behave.answer(302, Location="http://127.0.0.1:1/"), 302, "redirected"),
        (behave.hang, None, "timed_out"),
        (behave.drip_headers, None, "timed_out"),
        (behave.always_go_on, None, "timed_out"),
        (behave.endless_headers, None, "broken_off"),
        (behave.close, None, "broken_off"),
        (behave.talk_nonsense, None, "broken_off"),
    ],
)
def test_a_failure_is_written_down_and_tried_again_under_the_same_id(
    make_endpoint: MakeEndpoint,
    receiver: Receiver,
    sender: Sender,
    behaviour: behave.Behaviour,
    status_code: int | None,
    error: str,
) -> None:
    endpoint, secret = make_endpoint()
    receiver.behaviours = [behaviour, behave.answer(204)]
    send_test(endpoint)
    started = timezone.now()

    try_once(sender)

    delivery = WebhookDelivery.objects.get()
    attempt = delivery.attempts.get()
    assert (attempt.status_code, attempt.error) == (status_code, error)
    assert delivery.status == DeliveryStatus.PENDING
    assert delivery.next_try_at is not None
    assert 5 <= (delivery.next_try_at - started).total_seconds() < 8

    try_once(sender, now=delivery.next_try_at)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries) == ("succeeded", 2)
    first, second = receiver.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    verify(second, secret)


@pytest.mark.parametrize("behaviour", [behave.never_stop_talking, behave.drip_body])
def test_an_answer_of_2xx_counts_with_any_body(
    make_endpoint: MakeEndpoint, receiver: Receiver, behaviour: behave.Behaviour
) -> None:
    endpoint, _ = make_endpoint()
    receiver.behaviours = [behaviour]
    send_test(endpoint)
    sender = Sender()

    answer = try_once(sender)

    sender.close()
    assert (answer.status_code, answer.error) == (200, "")
    assert len(answer.response) <= 1000
    assert WebhookDelivery.objects.get().status == DeliveryStatus.SUCCEEDED


def test_a_redirect_leads_nowhere(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    with Receiver() as inside:
        receiver.behaviours = [behave.answer(307, Location=inside.url)]
        endpoint, _ = make_endpoint()
        send_test(endpoint)
        pump_deliveries(sender)

        assert (len(receiver.messages), inside.connections) == (1, 0)


def test_a_closed_port_is_a_failure_like_any_other(
    make_endpoint: MakeEndpoint, sender: Sender
) -> None:
    with Receiver() as stopped:
        url = stopped.url
    endpoint, _ = make_endpoint(url)
    send_test(endpoint)

    assert try_once(sender).error == "connect_failed"


def test_the_pauses_are_those_of_the_contract_and_then_the_owner_is_notified(
    make_endpoint: MakeEndpoint, owner: User, receiver: Receiver, sender: Sender
) -> None:
    EmailAddress.objects.create(user=owner, email=owner.email, primary=True, verified=True)
    endpoint, _ = make_endpoint()
    receiver.behaviours = [behave.answer(503)]
    delivery = send_test(endpoint)
    waiting = send_test(endpoint)
    WebhookDelivery.objects.filter(pk=waiting.pk).update(
        tries=1, next_try_at=timezone.now() + timedelta(days=30)
    )
    now = delivery.created_at
    pauses_s = []
    for _ in range(MAX_TRIES - 1):
        try_once(sender, now=now)
        delivery.refresh_from_db()
        assert delivery.next_try_at is not None
        pauses_s.append((delivery.next_try_at - now).total_seconds())
        assert claim_due(limit=10, now=delivery.next_try_at - SECOND) == []
        now = delivery.next_try_at

    try_once(sender, now=now)

    schedule_s = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
    for pause_s, promised_s in zip(pauses_s, schedule_s, strict=True):
        assert promised_s <= pause_s <= promised_s * 1.11
    delivery.refresh_from_db()
    waiting.refresh_from_db()
    endpoint.refresh_from_db()
    assert (delivery.status, delivery.tries, delivery.next_try_at) == ("failed", 10, None)
    assert waiting.status == DeliveryStatus.FAILED
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "failing")
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.recipient) == ("webhook_disabled", owner.email)
    assert receiver.url in mail.text


def test_one_message_that_is_never_taken_does_not_disable_an_endpoint_that_takes_others(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    endpoint, _ = make_endpoint()
    refused = send_test(endpoint)
    WebhookDelivery.objects.filter(pk=refused.pk).update(tries=MAX_TRIES - 1)
    receiver.behaviours = [behave.answer(200), behave.answer(500)]
    WebhookDelivery.objects.filter(pk=refused.pk).update(next_try_at=timezone.now() + SECOND)
    send_test(endpoint)
    try_once(sender)

    try_once(sender, now=timezone.now() + 2 * SECOND)

    refused.refresh_from_db()
    endpoint.refresh_from_db()
    assert (refused.status, endpoint.is_enabled) == ("failed", True)


def test_410_disables_the_endpoint_until_it_is_enabled_again(
    make_endpoint: MakeEndpoint, owner: User, receiver: Receiver, sender: Sender
) -> None:
    endpoint, _ = make_endpoint()
    receiver.behaviours = [behave.answer(410), behave.answer(200)]
    delivery = send_test(endpoint)

    pump_deliveries(sender)
    enqueue_status_events(finished(owner))
    pump_deliveries(sender)

    endpoint.refresh_from_db()
    assert (len(receiver.messages), WebhookDelivery.objects.count()) == (1, 1)
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")

    update_endpoint(endpoint, is_enabled=True)
    delivery.refresh_from_db()
    replay(delivery)
    pump_deliveries(sender)

    delivery.refresh_from_db()
    assert (delivery.status, len(receiver.messages)) == ("succeeded", 2)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for_by_all_messages_of_the_endpoint(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender, status: int
) -> None:
    endpoint, _ = make_endpoint()
    receiver.behaviours = [behave.answer(status, Retry_After="120"), behave.answer(200)]
    first = send_test(endpoint)
    now = timezone.now()
    try_once(sender, now=now)
    send_test(endpoint)

    assert claim_due(limit=10, now=now + SECOND) == []
    assert claim_due(limit=10, now=now + 119 * SECOND) == []
    assert len(claim_due(limit=10, now=now + 121 * SECOND)) == 1
    first.refresh_from_db()
    assert first.next_try_at is not None
    assert 120 <= (first.next_try_at - now).total_seconds() <= 133


def test_retry_after_may_be_a_date(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    endpoint, _ = make_endpoint()
    delivery = send_test(endpoint)
    now = timezone.now()
    date = format_datetime(now.replace(microsecond=0) + timedelta(hours=1), usegmt=True)
    receiver.behaviours = [behave.answer(500, Retry_After=date)]

    try_once(sender, now=now)

    delivery.refresh_from_db()
    assert delivery.next_try_at is not None
    assert 3599 <= (delivery.next_try_at - now).total_seconds() <= 3961


def test_a_slow_receiver_delays_no_one_else_and_has_one_request_at_a_time(
    make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    slow_endpoint, _ = make_endpoint()
    receiver.behaviours = [behave.hang]
    for _ in range(5):
        send_test(slow_endpoint)
    sender = Sender(total_timeout_s=2.0)
    with Receiver() as quick:
        quick_endpoint, _ = make_endpoint(quick.url)
        pump = pump_in_thread(sender)
        receiver.wait_for_messages(1)
        for _ in range(5):
            send_test(quick_endpoint)

        quick.wait_for_messages(5, within_s=1.9)

        assert len(receiver.messages) == 1
        update_endpoint(slow_endpoint, is_enabled=False)
        pump.join(10)
    sender.close()
    assert receiver.most_at_once == 1


@pytest.mark.database
def test_two_pumps_send_each_message_once(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    endpoint, _ = make_endpoint()
    for _ in range(10):
        send_test(endpoint)

    pumps = [pump_in_thread(sender) for _ in range(3)]
    for pump in pumps:
        pump.join(20)

    ids = [message.headers["webhook-id"] for message in receiver.messages]
    assert (len(ids), len(set(ids))) == (10, 10)
    assert not WebhookDelivery.objects.exclude(status=DeliveryStatus.SUCCEEDED).exists()


@pytest.mark.database
def test_a_message_whose_outcome_was_lost_with_its_process_is_sent_again(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    endpoint, secret = make_endpoint()
    send_test(endpoint)
    (lost,) = claim_due(limit=10)
    sender.send(lost.request).result(10)  # and the process dies here

    now = timezone.now()
    assert claim_due(limit=10, now=now + 20 * SECOND) == []
    answer = try_once(sender, now=now + 31 * SECOND)

    first, second = receiver.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    verify(first, secret)
    # The first process was only frozen, and wakes up: its word counts no more.
    assert not record(lost, Answer(error="timed_out"))
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts.count()) == ("succeeded", 1)
    assert answer.is_success


def test_a_replay_brings_the_same_message_again(
    make_endpoint: MakeEndpoint, receiver: Receiver, sender: Sender
) -> None:
    endpoint, secret = make_endpoint()
    delivery = send_test(endpoint)
    pump_deliveries(sender)
    delivery.refresh_from_db()

    replay(delivery)
    pump_deliveries(sender)

    first, second = receiver.messages
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    verify(second, secret)
    assert delivery.attempts.count() == 2


def test_an_endpoint_gets_only_what_it_asked_for_and_only_of_its_owner(
    make_endpoint: MakeEndpoint, owner: User, receiver: Receiver, sender: Sender
) -> None:
    make_endpoint(events=[Event.FAILED])
    stranger = User.objects.create_user("stranger@example.com")

    enqueue_status_events(finished(owner))
    enqueue_status_events(finished(stranger, status=Status.FAILED))
    enqueue_status_events(finished(owner, status=Status.FAILED, error_code="corrupt_media"))
    pump_deliveries(sender)

    (message,) = receiver.messages
    body = json.loads(message.body)
    assert (body["type"], body["data"]["error"]["code"]) == ("transcript.failed", "corrupt_media")


def test_old_deliveries_are_forgotten_and_waiting_ones_are_not(
    make_endpoint: MakeEndpoint, sender: Sender
) -> None:
    endpoint, _ = make_endpoint()
    send_test(endpoint)
    pump_deliveries(sender)
    waiting = send_test(endpoint)
    WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=31))

    purge_deliveries()

    assert [delivery.pk for delivery in WebhookDelivery.objects.all()] == [waiting.pk]
