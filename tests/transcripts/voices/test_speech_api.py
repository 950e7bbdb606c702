"""POST /v1/tts and GET /v1/voices with fixed voices, as clients see them."""

import io
import json
import re
import threading
import wave
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client as DjangoClient

from billing.ledger import read_balance
from billing.models import Hold, HoldState
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_voice import RATE_HZ, FakeVoice, beep
from tests.transcripts.served_api import Client, Worker, make_client
from tests.transcripts.voices.conftest import speak, wait_until
from transcripts.models import Status
from transcripts.voices.finish import cancel_voice_job
from transcripts.voices.models import VoiceJob
from transcripts.voices.sweep import purge_voice_jobs, sweep_voice_jobs
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookDelivery

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(60)]


def samples_of(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        return bytes(file.readframes(file.getnframes()))


def test_a_text_is_spoken_in_a_fixed_voice(client: Client, worker: Worker) -> None:
    answer = speak(client)

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "audio/wav"
    samples = samples_of(answer.content)
    assert len(samples) == 2 * RATE_HZ  # two sentences of half a second
    assert float(answer.headers["X-Duration"]) == pytest.approx(1.0, abs=0.01)
    assert float(answer.headers["X-Generation-Time"]) == pytest.approx(0.04)
    assert answer.headers["X-Model-Used"] == "kokoro"
    assert answer.headers["X-Voice"] == "jf_alpha"
    assert answer.headers["X-Watermark"] == "none"
    assert answer.headers["X-Credits-Charged"] == "1"
    assert answer.headers["X-Credits-Left"] == "59"
    assert "q=" in answer.headers["RateLimit-Policy"]


def test_the_text_and_what_was_asked_reach_the_engine_and_the_text_is_not_stored(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    speak(client, "One sentence.", language="en-GB", seed="7")

    (request,) = voice.requests
    assert (request.text, request.voice, request.language, request.seed) == (
        "One sentence.",
        "jf_alpha",
        "en-GB",
        7,
    )
    job = VoiceJob.objects.get()
    assert (job.text, job.characters) == ("", 13)


def test_a_started_minute_of_speech_costs_a_credit(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.sentence_ms = 61_000

    answer = speak(client, "One.")

    assert answer.headers["X-Credits-Charged"] == "2"
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 58
    hold = Hold.objects.get()
    assert (hold.state, hold.kind) == ("settled", "ai")


def test_what_fails_costs_nothing_and_the_reason_is_answered(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.breaks_after = 1
    before = set(Path(django_settings.MEDIA_ROOT).glob("*"))

    answer = speak(client)

    assert answer.status_code == 503
    assert answer.json()["code"] == "inference_unavailable"
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 60
    assert set(Path(django_settings.MEDIA_ROOT).glob("*")) == before


def test_a_long_wait_of_an_engine_that_is_away_is_tried_again_where_no_one_waits(
    client: Client, voice: FakeVoice, worker: Worker
) -> None:
    voice.breaks_after, voice.status = 0, grpc.StatusCode.UNAVAILABLE

    job_id = speak(client, **{"async": "true"}).json()["id"]

    wait_until(lambda: VoiceJob.objects.get(pk=job_id).status == Status.FAILED)
    assert len(voice.requests) == django_settings.MAX_STALLED_TRIES


def test_what_the_voice_cannot_speak_is_refused(client: Client, worker: Worker) -> None:
    answer = speak(client, "日本語。")

    assert answer.status_code == 400
    assert answer.json() == {
        "error": "This voice reads Latin letters.",
        "code": "unspeakable_text",
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text": ""}, "invalid_value"),
        ({"text": "a" * 20_001}, "invalid_value"),
        ({"voice": ""}, "invalid_value"),
        ({"voice": "nobody"}, "unknown_voice"),
        ({"engine": "nothing"}, "unknown_voice"),
        ({"language": "cs"}, "language_not_supported"),
        ({"language": "no language"}, "invalid_value"),
        ({"seed": "-1"}, "invalid_value"),
        ({"seed": "9" * 30}, "invalid_value"),
        ({"async": "perhaps"}, "invalid_value"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_held(
    client: Client, fields: dict[str, str], code: str
) -> None:
    answer = speak(client, **{"text": "Hello.", **fields})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Hold.objects.exists()


def test_the_languages_that_a_voice_speaks_are_named(client: Client) -> None:
    answer = speak(client, language="cs")

    assert answer.json()["languages"] == ["en"]
    assert "It speaks: en." in answer.json()["error"]


def test_without_a_key_nothing_is_spoken(guest: Client) -> None:
    answer = speak(guest)

    assert answer.status_code == 401


def test_another_method_is_refused(client: Client) -> None:
    assert client.get("/v1/tts").status_code == 405


def test_a_body_that_is_no_form_is_refused(client: Client) -> None:
    answer = client.call("POST", "/v1/tts", json={"text": "Hello."})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_voice_that_is_not_installed_is_answered_with_what_to_install(
    client: Client, voice: FakeVoice
) -> None:
    voice.is_installed = False

    answer = speak(client)

    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")
    assert "catalog pull kokoro" in answer.json()["error"]


def test_without_credits_nothing_is_spoken(client: Client) -> None:
    poor = make_client(client.url, minutes=0)

    answer = speak(poor)

    assert (answer.status_code, answer.json()["code"]) == (402, "no_credits")
    assert not VoiceJob.objects.exists()


def test_speech_that_outgrows_the_credits_fails_and_costs_nothing(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.sentence_ms = 61_000
    poor = make_client(client.url, minutes=1)

    answer = speak(poor, "One.")

    assert (answer.status_code, answer.json()["code"]) == (402, "no_credits")
    assert poor.account is not None
    assert read_balance(poor.account).minutes_left == 1


def test_the_same_request_with_the_same_key_is_carried_out_once(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    files = {"text": (None, "Hello."), "voice": (None, "jf_alpha")}
    headers = {"Idempotency-Key": "once"}

    first = client.call("POST", "/v1/tts", files=files, headers=headers)
    second = client.call("POST", "/v1/tts", files=files, headers=headers)

    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["X-Duration"] == first.headers["X-Duration"]
    assert len(voice.requests) == 1
    assert Hold.objects.count() == 1


def test_the_same_seed_gives_the_same_samples_and_another_one_others(
    client: Client, worker: Worker
) -> None:
    one, same, other = (samples_of(speak(client, seed=seed).content) for seed in ("1", "1", "2"))

    assert one == same
    assert one != other
    assert one[:100] == beep(50, seed=1)


def test_async_answers_at_once_and_the_speech_is_fetched_later(
    client: Client, worker: Worker
) -> None:
    accepted = speak(client, **{"async": "true"})

    assert accepted.status_code == 202
    location = accepted.headers["Location"]
    wait_until(lambda: client.get(location).json()["status"] == "completed")
    job = client.get(location).json()
    assert job["progress"] == {"done": 2, "of": 2}
    assert (job["duration"], job["signed"], job["watermark"]) == (1.0, True, None)
    speech = client.get(job["audio"])
    assert len(samples_of(speech.content)) == 2 * RATE_HZ
    assert speech.headers["X-Duration"] == "1.000"
    part = client.get(job["audio"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert [each["id"] for each in client.get("/api/v1/voice-jobs/").json()["results"]] == [
        job["id"]
    ]


def test_the_ends_of_jobs_are_reported_by_webhook_without_the_text(
    client: Client, voice: FakeVoice, worker: Worker
) -> None:
    assert client.account is not None
    assert client.account.user is not None
    create_endpoint(client.account.user, url="https://example.com/hook")
    assert speak(client, "Answered at once.").status_code == 200  # and so not reported

    speak(client, "A secret.", **{"async": "true"})
    wait_until(lambda: WebhookDelivery.objects.count() == 1)
    voice.breaks_after, voice.status = 0, grpc.StatusCode.UNIMPLEMENTED
    speak(client, "Another secret.", **{"async": "true"})
    wait_until(lambda: WebhookDelivery.objects.count() == 2)

    bodies = [row.body for row in WebhookDelivery.objects.order_by("created_at")]
    assert not any("secret" in body for body in bodies)
    made, failed = (json.loads(body) for body in bodies)
    assert (made["type"], failed["type"]) == ("voice_job.completed", "voice_job.failed")
    assert made["data"]["url"].endswith(f"/voice-jobs/{made['data']['id']}/audio/")
    assert (failed["data"]["url"], failed["data"]["error"]["code"]) == (None, "not_installed")


def test_speech_that_is_not_ready_is_reported_so(client: Client) -> None:
    job = speak(client, **{"async": "true"}).json()

    answer = client.get(f"/api/v1/voice-jobs/{job['id']}/audio/")

    assert job["audio"] is None
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_downloads_of_one_second_have_names_of_their_own(client: Client, worker: Worker) -> None:
    for _ in range(2):
        speak(client)
    owner = VoiceJob.objects.all()[0].owner
    owner.time_zone = "Asia/Kathmandu"  # UTC+5:45
    owner.save()
    ordered = datetime(2026, 11, 28, 23, 15, 7, tzinfo=UTC)
    VoiceJob.objects.update(created_at=ordered)
    jobs = client.get("/api/v1/voice-jobs/").json()["results"]

    headers = [client.get(job["audio"]).headers["Content-Disposition"] for job in jobs]
    page = DjangoClient()
    page.force_login(owner)
    html = page.get("/account/voices/").content.decode()

    names = [re.findall(r'^inline; filename="(.*?)"', header)[0] for header in headers]
    assert len(set(names)) == 2
    for name in names:
        assert re.fullmatch(r"speech jf_alpha 2026-11-29 05\.00\.07 [0-9a-f]{4}\.wav", name)
        assert f'download="{name}"' in html
        assert f"Download “{name}”" in html


def test_another_account_finds_nothing(client: Client) -> None:
    job_id = speak(client, **{"async": "true"}).json()["id"]
    other = make_client(client.url)

    for path in (f"/api/v1/voice-jobs/{job_id}/", f"/api/v1/voice-jobs/{job_id}/audio/"):
        assert other.get(path).status_code == 404
    assert other.call("DELETE", f"/api/v1/voice-jobs/{job_id}/").status_code == 404
    assert other.get("/api/v1/voice-jobs/").json()["count"] == 0


def test_deleting_a_job_at_work_frees_the_engine_and_costs_nothing(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.gate.clear()
    job_id = speak(client, **{"async": "true"}).json()["id"]
    assert voice.entered.wait(10)

    assert client.call("DELETE", f"/api/v1/voice-jobs/{job_id}/").status_code == 204

    assert voice.cancelled.wait(10)
    assert client.get(f"/api/v1/voice-jobs/{job_id}/").status_code == 404
    assert Hold.objects.get().state == HoldState.RELEASED


def test_a_client_that_hangs_up_frees_the_engine(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.gate.clear()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            requests.post(
                f"{client.url}/v1/tts",
                files={"text": (None, "Hello."), "voice": (None, "jf_alpha")},
                headers={"Authorization": f"Bearer {client.key}"},
                timeout=1,
            )
        except requests.RequestException as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert voice.entered.wait(10)
    asking.join(10)

    assert failures
    assert voice.cancelled.wait(10)
    wait_until(lambda: VoiceJob.objects.get().status == Status.CANCELLED)
    assert Hold.objects.get().state == HoldState.RELEASED


def test_more_at_once_than_the_plan_allows_is_refused(client: Client) -> None:
    assert client.account is not None
    client.account.plan.concurrency = 1
    client.account.plan.save()
    speak(client, **{"async": "true"})

    answer = speak(client)

    assert (answer.status_code, answer.json()["code"]) == (429, "concurrency_limit")
    assert "async=true" in answer.json()["error"]
    assert int(answer.headers["Retry-After"]) > 0


def test_a_job_whose_worker_died_is_worked_on_again_and_then_fails(client: Client) -> None:
    job_id = speak(client, **{"async": "true"}).json()["id"]
    rows = VoiceJob.objects.filter(pk=job_id)
    died = {"status": Status.PROCESSING, "lease_expires_at": "2020-01-01T00:00:00Z"}

    rows.update(**died, tries=1)
    sweep_voice_jobs()
    assert rows.get().status == Status.QUEUED
    rows.update(**died, tries=django_settings.MAX_STALLED_TRIES)
    sweep_voice_jobs()

    assert (rows.get().status, rows.get().error_code) == (Status.FAILED, "too_many_tries")
    assert Hold.objects.get().state == HoldState.RELEASED


def test_speech_is_deleted_after_a_day(client: Client, worker: Worker) -> None:
    speak(client)
    job = VoiceJob.objects.get()
    path = Path(django_settings.MEDIA_ROOT) / job.path
    assert path.is_file()

    purge_voice_jobs()
    assert path.is_file()
    VoiceJob.objects.update(finished_at="2020-01-01T00:00:00Z")
    purge_voice_jobs()

    assert not path.exists()
    assert not VoiceJob.objects.exists()


def test_a_cancelled_job_stays_cancelled(client: Client) -> None:
    job = VoiceJob.objects.get(pk=speak(client, **{"async": "true"}).json()["id"])

    assert cancel_voice_job(job)
    assert not cancel_voice_job(job)

    answer = client.get(f"/api/v1/voice-jobs/{job.pk}/audio/")
    assert (answer.status_code, answer.json()["code"]) == (409, "cancelled")


def test_voices_are_listed_for_everyone(guest: Client, voice: FakeVoice) -> None:
    voice.watermark = "perth"

    answer = guest.get("/v1/voices").json()

    assert answer["voices"] == [
        {
            "id": "jf_alpha",
            "name": "Alpha",
            "description": "A woman's voice.",
            "language": "en",
            "engine": "kokoro",
            "available": True,
        }
    ]
    assert [each["can_clone"] for each in answer["engines"]] == [False, True, True]
    assert "catalog pull pocket-tts" in answer["engines"][1]["install_hint"]
    assert answer["watermark"] == "perth"


def test_the_watermark_that_was_put_in_is_named(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.watermark = "perth"

    assert speak(client).headers["X-Watermark"] == "perth"


def test_while_the_inference_service_is_away_the_answer_is_503(
    client: Client, inference: FakeInference, settings: object
) -> None:
    settings.INFERENCE_TARGET = "127.0.0.1:9"  # type: ignore[attr-defined]  # the discard port

    answer = speak(client)

    assert (answer.status_code, answer.json()["code"]) == (503, "inference_unavailable")
