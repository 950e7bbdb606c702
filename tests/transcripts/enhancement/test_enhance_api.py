"""POST /v1/enhance-audio and /api/v1/enhancements/, by HTTP."""

import io
import json
import wave
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import grpc
import pytest
import requests
from django.utils import timezone, translation
from pytest_django import Settings

from billing.ledger import read_balance
from tests.e2e.processes import wait_until
from tests.transcripts.fake_inference import EnhanceScript, FakeInference
from tests.transcripts.media.recordings import Recipe, make_recording
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.enhancement.files import folder_of, result_path, source_path
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.pages import TEXTS
from transcripts.enhancement.run import run_enhancement
from transcripts.enhancement.sweep import purge_enhancements, sweep_enhancements
from transcripts.models import Status
from transcripts.pages.script_texts import render_texts
from transcripts.retention.purge import purge_orphans
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookDelivery

LOUD = b"\x00\x10\x00\xf0"  # a tone at half the rate


def refused(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["error"].endswith((".", "!", "?"))
    return answer.status_code, body["code"]


def minutes_left(client: Client) -> int:
    assert client.account is not None
    client.account.refresh_from_db()
    balance = read_balance(client.account)
    return balance.credits + balance.minutes_left


def frames_of(content: bytes) -> tuple[int, int, int]:
    with wave.open(io.BytesIO(content)) as file:
        return file.getnframes(), file.getframerate(), file.getnchannels()


def test_a_recording_comes_back_as_long_as_it_was_and_is_charged(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    answer = client.enhance(wav(seconds=1, sample=LOUD + bytes(2)), name="My talk.mp3")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/wav")
    assert frames_of(answer.content) == (48_000, 16_000, 1)
    headers = answer.headers
    assert (headers["X-Enhance-Model"], headers["X-Warnings"]) == ("deepfilternet3", "0")
    assert (headers["X-Audio-Duration"], headers["X-Credits-Charged"]) == ("3.000", "1")
    assert headers["X-Credits-Left"] == "59"
    assert 'filename="My talk.wav"' in headers["Content-Disposition"]
    assert minutes_left(client) == 59
    row = Enhancement.objects.get()
    assert row.status == Status.COMPLETED
    assert not source_path(row.pk).exists()


def test_what_is_asked_for_reaches_the_engine(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    answer = client.enhance(wav(sample=LOUD[:2] * 1), strength="light", target="-23")
    assert answer.status_code == 200
    assert inference.enhanced[-1].strength == 1
    row = Enhancement.objects.get()
    assert (row.strength, row.target_lufs, row.rate_hz) == ("light", -23, 16_000)


@pytest.mark.parametrize(
    "fields",
    [
        {"strength": "maximal"},
        {"target": "loud"},
        {"target": "-8.9"},
        {"target": "-36.1"},
        {"target": "nan"},
        {"async": "perhaps"},
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(client: Client, fields: dict[str, str]) -> None:
    answer = client.enhance(wav(), **fields)
    assert refused(answer) == (400, "invalid_value")
    assert answer.json()["field"] == next(iter(fields))
    assert not Enhancement.objects.exists()


def test_what_cannot_be_enhanced_is_refused_and_costs_nothing(client: Client) -> None:
    assert refused(client.enhance(b"no sound at all" * 99)) == (400, "not_audio")
    assert minutes_left(client) == 60


def test_a_client_without_a_key_is_refused(guest: Client) -> None:
    assert refused(guest.enhance()) == (401, "missing_key")
    assert guest.get("/api/v1/enhancements/").status_code == 401


def test_without_credits_it_is_refused(guest: Client) -> None:
    assert refused(make_client(guest.url, minutes=0).enhance()) == (402, "no_credits")


@pytest.mark.parametrize("header", [{"async": "true"}, {"prefer": "respond-async"}])
def test_an_asynchronous_request_is_answered_at_once_and_fetched_later(
    client: Client, worker: Worker, header: dict[str, str]
) -> None:
    accepted = client.enhance(wav(), **header)
    assert accepted.status_code == 202
    assert accepted.headers["Preference-Applied"] == "respond-async"
    location = accepted.headers["Location"]
    wait_until(
        lambda: client.get(location).json()["status"] == "completed", what="the end of the work"
    )
    shown = client.get(location).json()
    assert shown["progress"] == {"done_s": 3.0, "total_s": 3.0}
    audio = client.get(shown["audio"])
    assert frames_of(audio.content)[0] == 48_000
    part = client.get(shown["audio"], headers={"Range": "bytes=0-11"})
    assert (part.status_code, part.content) == (206, audio.content[:12])
    assert [each["id"] for each in client.get("/api/v1/enhancements/").json()["results"]] == [
        shown["id"]
    ]


def test_the_event_stream_ends_with_what_was_made(client: Client, worker: Worker) -> None:
    location = client.enhance(wav(), **{"async": "true"}).headers["Location"]
    stream = client.get(f"{location}events/")
    assert stream.headers["Content-Type"] == "text/event-stream"
    blocks = [block for block in stream.text.split("\n\n") if block.startswith("event:")]
    last = blocks[-1].splitlines()
    assert last[0] == "event: done"
    assert json.loads(last[1].removeprefix("data: "))["status"] == "completed"


def test_the_same_request_joins_and_is_charged_once(client: Client, worker: Worker) -> None:
    first, again = client.enhance(), client.enhance()
    assert first.content == again.content
    assert first.headers["X-Enhancement-Id"] == again.headers["X-Enhancement-Id"]
    assert client.enhance(strength="full").headers["X-Enhancement-Id"] not in first.headers.values()
    assert minutes_left(client) == 58


def test_an_idempotency_key_gives_the_same_file(client: Client, worker: Worker) -> None:
    def send(**fields: str) -> requests.Response:
        return client.call(
            "POST",
            "/v1/enhance-audio",
            files={"file": ("a.wav", wav())},
            data=fields,
            headers={"Idempotency-Key": "one"},
        )

    first, again = send(), send()
    assert (first.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert send(strength="light").status_code == 422
    assert minutes_left(client) == 59


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (grpc.StatusCode.UNAVAILABLE, (503, "inference_unavailable")),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, (503, "inference_full")),
        (grpc.StatusCode.UNIMPLEMENTED, (503, "not_installed")),
        (grpc.StatusCode.INTERNAL, (503, "inference_error")),
    ],
)
def test_an_engine_that_fails_in_mid_call_costs_nothing(
    client: Client,
    worker: Worker,
    inference: FakeInference,
    status: grpc.StatusCode,
    refusal: tuple[int, str],
) -> None:
    inference.enhance_scripts.append(EnhanceScript(chunks=1, status=status))
    assert refused(client.enhance(wav(seconds=8))) == refusal
    assert minutes_left(client) == 60
    assert not folder_of(Enhancement.objects.get().pk).joinpath("recording").exists()
    assert client.enhance(wav(seconds=8)).status_code == 200  # the next one is another try


def test_what_no_one_waits_for_is_tried_again(
    client: Client, inference: FakeInference, settings: Settings
) -> None:
    settings.TEXT_RETRY_S = 0
    inference.enhance_scripts.append(EnhanceScript(chunks=0))
    client.enhance(wav(), **{"async": "true"})
    row = Enhancement.objects.get()
    run_enhancement(row.pk)
    row.refresh_from_db()
    assert (row.status, row.waits) == (Status.QUEUED, 1)
    run_enhancement(row.pk)
    row.refresh_from_db()
    assert (row.status, row.credits_charged) == (Status.COMPLETED, 1)
    assert minutes_left(client) == 59


def reported() -> list[tuple[str, str, str]]:
    """Return event, id and the path of the address of each webhook message, oldest first."""
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("created_at")]
    return [
        (body["type"], body["data"]["id"], urlsplit(body["data"]["url"] or "").path)
        for body in bodies
    ]


def test_the_end_of_what_no_one_waits_for_is_reported_by_webhook(
    client: Client, inference: FakeInference, settings: Settings
) -> None:
    assert client.account is not None
    assert client.account.user is not None
    create_endpoint(client.account.user, url="https://example.com/hook")
    for script in (EnhanceScript(), EnhanceScript(chunks=1, status=grpc.StatusCode.UNIMPLEMENTED)):
        inference.enhance_scripts.append(script)
        client.enhance(wav(seconds=2 + len(inference.enhanced)), **{"async": "true"})
        run_enhancement(Enhancement.objects.order_by("-created_at")[0].pk)
    failed, made = Enhancement.objects.order_by("-created_at")
    audio = client.get(f"/api/v1/enhancements/{made.pk}/").json()["audio"]
    assert reported() == [
        ("enhancement.completed", str(made.pk), audio),
        ("enhancement.failed", str(failed.pk), ""),
    ]


def test_the_end_of_what_was_answered_is_not_reported(client: Client, worker: Worker) -> None:
    assert client.account is not None
    assert client.account.user is not None
    create_endpoint(client.account.user, url="https://example.com/hook")
    assert client.enhance().status_code == 200
    assert reported() == []


def test_an_inference_service_that_is_away_is_answered_at_once(
    guest: Client, settings: Settings
) -> None:
    settings.INFERENCE_TARGET = "127.0.0.1:1"
    assert refused(make_client(guest.url).enhance()) == (503, "inference_unavailable")


def test_without_a_model_the_answer_names_what_is_missing(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    inference.enhance_scripts.append(EnhanceScript(model="wiener"))
    answer = client.enhance()
    assert (answer.headers["X-Enhance-Model"], answer.headers["X-Warnings"]) == ("wiener", "1")
    (shown,) = client.get("/api/v1/enhancements/").json()["results"]
    assert shown["warnings"][0]["code"] == "enhanced_without_model"
    assert "pull gtcrn" in shown["warnings"][0]["message"]


def test_a_recording_that_ends_early_is_a_warning(client: Client, worker: Worker) -> None:
    whole = wav(seconds=2, sample=LOUD)
    answer = client.enhance(whole[: len(whole) // 2])
    (shown,) = client.get("/api/v1/enhancements/").json()["results"]
    assert (answer.status_code, answer.headers["X-Warnings"]) == (200, "1")
    assert [each["code"] for each in shown["warnings"]] == ["shorter_than_declared"]
    assert "should last 4.0 s but ends after 2.0 s" in shown["warnings"][0]["message"]


def test_further_parts_that_cannot_be_read_are_a_warning_about_the_clean_sound(
    client: Client, worker: Worker, tmp_path: Path
) -> None:
    other = make_recording(
        tmp_path / "2", Recipe("", "wav", "g726", rate_hz=8_000, bit_rate=32_000)
    )
    answer = client.enhance(wav(seconds=1, sample=LOUD) + other.read_bytes())
    (shown,) = client.get("/api/v1/enhancements/").json()["results"]
    assert (answer.status_code, answer.headers["X-Warnings"]) == (200, "1")
    (warned,) = shown["warnings"]
    assert warned["code"] == "parts_not_read"
    assert "left out" in warned["message"]
    assert "transcri" not in warned["message"]
    with translation.override("cs"):
        on_page = render_texts(TEXTS)["warnings"]["parts_not_read"]
    assert "vyčištěn" in on_page
    assert "přeps" not in on_page


def test_a_loudness_that_was_not_reached_is_a_warning(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    """What the engine leaves is more than 40 dB below the target."""
    inference.enhance_scripts.append(EnhanceScript(gain=0.005))
    quiet = client.enhance(wav(seconds=1, sample=LOUD))
    (shown,) = client.get("/api/v1/enhancements/").json()["results"]
    assert quiet.headers["X-Warnings"] == "1"
    assert [each["code"] for each in shown["warnings"]] == ["loudness_not_reached"]
    assert quiet.headers["X-Loudness"] in shown["warnings"][0]["message"]


def test_deleting_what_is_under_way_frees_the_engine(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    inference.enhance_scripts.append(EnhanceScript(chunks=1, hangs=True))
    begun = len(inference.enhanced)
    while inference.calls_ended.acquire(blocking=False):
        pass
    location = client.enhance(wav(seconds=30), **{"async": "true"}).headers["Location"]
    wait_until(lambda: len(inference.enhanced) > begun, what="the engine to begin")
    assert client.call("DELETE", location).status_code == 204
    assert inference.calls_ended.acquire(timeout=10)
    assert client.get(location).status_code == 404
    assert client.call("DELETE", location).status_code == 404
    assert minutes_left(client) == 60
    folder = folder_of(UUID(location.split("/")[-2]))
    wait_until(lambda: not folder.exists(), what="the files to go")


def test_another_accounts_recording_is_not_found(client: Client, worker: Worker) -> None:
    shown = client.enhance()
    stranger = make_client(client.url)
    path = f"/api/v1/enhancements/{shown.headers['X-Enhancement-Id']}/"
    for below in ("", "audio/", "events/"):
        assert refused(stranger.get(path + below)) == (404, "not_found")
    assert refused(stranger.call("DELETE", path)) == (404, "not_found")
    assert client.get(path).status_code == 200


def test_more_at_once_than_the_plan_allows_are_refused(client: Client) -> None:
    for number in range(2):
        client.enhance(wav(sample=bytes([number + 1, 16])), **{"async": "true"})
    assert refused(client.enhance(wav(sample=b"\x09\x10"))) == (429, "concurrency_limit")


def test_a_recording_of_two_started_minutes_costs_two(guest: Client, worker: Worker) -> None:
    client = make_client(guest.url, minutes=1)
    client.enhance(wav(seconds=61), **{"async": "true"})
    assert not Enhancement.objects.exists()  # two minutes, by its head
    poor = make_client(guest.url, minutes=2)
    answer = poor.enhance(wav(seconds=61))
    assert (answer.status_code, answer.headers["X-Credits-Charged"]) == (200, "2")


def test_a_lease_that_ran_out_is_taken_over(client: Client) -> None:
    client.enhance(wav(), **{"async": "true"})
    row = Enhancement.objects.get()
    long_ago = timezone.now() - timedelta(minutes=5)
    Enhancement.objects.update(status=Status.PROCESSING, attempt=1, lease_expires_at=long_ago)
    sweep_enhancements()
    row.refresh_from_db()
    assert row.status == Status.QUEUED
    run_enhancement(row.pk)
    row.refresh_from_db()
    assert (row.status, row.attempt) == (Status.COMPLETED, 2)


def test_after_a_day_nothing_is_left(client: Client, worker: Worker) -> None:
    client.enhance()
    row = Enhancement.objects.get()
    purge_orphans()
    purge_enhancements()
    assert result_path(row.pk).exists()
    Enhancement.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    purge_enhancements()
    assert not Enhancement.objects.exists()
    assert not folder_of(row.pk).exists()
