"""`/asr` and `/detect-language` over a real socket, as Bazarr calls them, and their refusals."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from django.utils import timezone
from pytest_django import Settings

from billing.models import Hold, HoldState
from tests.e2e.processes import wait_until
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.served_api import (
    Client,
    Worker,
    client,
    guest,
    inference,
    make_client,
    server,
    wav,
    worker,
)
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Transcript
from transcripts.retention.purge import purge_transient
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures
TEXT = "w0 w1 w2"
PCM = b"\x10\x00" * 48_000


def ask(
    client: Client, path: str, sound: bytes = PCM, *, name: str = "audio_file", **options: Any
) -> requests.Response:
    """Ask as Bazarr does: the key as the password of the address."""
    options.setdefault("auth", ("x", client.key))
    keyless = Client(client.url)
    return keyless.call("POST", path, files={name: sound}, **options)


@pytest.mark.usefixtures("worker")
def test_each_output_of_headerless_pcm(client: Client) -> None:
    query = "/asr?task=transcribe&language=en&encode=false&output="
    srt = ask(client, f"{query}srt")
    assert srt.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert srt.headers["Asr-Engine"] == "fake"
    assert srt.headers["Content-Disposition"] == 'attachment; filename="audio_file.srt"'
    assert srt.text.startswith("1\n00:00:00,")
    assert ask(client, f"{query}vtt").text.startswith("WEBVTT")
    assert ask(client, f"{query}txt").text.split() == TEXT.split()
    assert ask(client, f"{query}tsv").text.splitlines()[0] == "start\tend\ttext"
    body = ask(client, f"{query}json&word_timestamps=true").json()
    assert (body["text"], body["language"]) == (TEXT, "en")
    words = [word["word"] for segment in body["segments"] for word in segment["words"]]
    assert "".join(words).split() == TEXT.split()
    (stored,) = Transcript.objects.all()  # the same recording, in other clothes
    assert stored.job.audio_duration_ms == stored.recording.probed_ms == 3000


@pytest.mark.usefixtures("worker")
def test_a_container_and_pcm_with_the_same_sound_have_the_same_text(client: Client) -> None:
    from_pcm = ask(client, "/asr?encode=false&output=srt")
    from_wav = ask(client, "/asr?output=srt", wav())
    assert from_pcm.text == from_wav.text


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("is_pcm", [True, False])
def test_a_language_is_a_name_and_a_code_of_two_letters(client: Client, is_pcm: bool) -> None:
    minute = b"\x10\x00" * (60 * 16_000)
    query = "?encode=false" if is_pcm else ""
    answer = ask(client, f"/detect-language{query}", minute if is_pcm else wav(seconds=60))
    body = answer.json()
    assert (body["detected_language"], body["language_code"]) == ("english", "en")
    assert 0 < body["confidence"] <= 1
    assert Hold.objects.get().billed_ms == 30_000  # no more was worked on
    assert answer.headers["X-Credits-Charged"] == "1"


def files_of(settings: Settings) -> set[Path]:
    walked = os.walk(settings.MEDIA_ROOT)
    return {Path(folder) / name for folder, _, names in walked for name in names}


@pytest.mark.usefixtures("worker")
def test_a_detected_language_leaves_nothing_behind(
    client: Client, settings: Settings, inference: FakeInference
) -> None:
    WebhookEndpoint.objects.create(owner=client.user, url="https://example.com/")
    own = ask(client, "/asr?encode=false&language=en")
    files = files_of(settings)
    assert ask(client, "/detect-language", wav()).status_code == 200
    inference.scripts.append(Script(is_silent=True, language=""))
    silent = ask(client, "/detect-language", wav())
    assert (silent.status_code, silent.json()["code"]) == (422, "no_speech")
    inference.scripts.append(Script(windows=0, status=grpc.StatusCode.NOT_FOUND))
    failed = ask(client, "/detect-language", wav())
    assert failed.status_code == 503
    assert "X-Transcript-Id" not in failed.headers
    assert "id" not in failed.json()
    (left,) = Transcript.objects.all()
    assert str(left.pk) == own.headers["X-Transcript-Id"]
    assert set(WebhookDelivery.objects.values_list("event", flat=True)) == {"transcript.completed"}
    # What was sent is deleted once the request has ended, a moment after its answer.
    wait_until(lambda: files_of(settings) <= files, what="only what /asr stored is left")


def test_a_detection_that_has_to_end_leaves_nothing_behind(
    client: Client, settings: Settings
) -> None:
    settings.ASR_WAIT_S = 0.01  # and no worker
    answer = ask(client, "/detect-language", wav())
    assert (answer.status_code, answer.json()["code"]) == (503, "detection_interrupted")
    assert "Retry-After" in answer.headers
    assert not Transcript.objects.exists()
    assert Hold.objects.get().state == HoldState.RELEASED


def test_what_a_killed_server_left_of_a_detection_is_purged(
    client: Client, settings: Settings, worker: Worker
) -> None:
    ask(client, "/asr?encode=false")
    TranscriptionJob.objects.update(is_transient=True)
    purge_transient()
    assert Transcript.objects.exists()  # its client may be about to get its answer
    purge_transient(timezone.now() + timedelta(minutes=11))
    assert not Transcript.objects.exists()


def test_the_line_is_held_longer_than_other_calls_wait(
    client: Client, settings: Settings, worker: Worker
) -> None:
    settings.SYNC_WAIT_S = 0.01
    assert client.transcribe(diarize="false").status_code == 503
    assert ask(client, "/asr?encode=false&language=en").status_code == 200


def test_the_same_request_joins_the_job_that_is_under_way(
    client: Client, settings: Settings, worker: Worker
) -> None:
    settings.ASR_WAIT_S = 0.01  # as after a server that was stopped
    first = ask(client, "/asr?encode=false")
    assert first.status_code == 503
    settings.ASR_WAIT_S = 60.0
    second = ask(client, "/asr?encode=false")
    assert second.headers["X-Transcript-Id"] == first.headers["X-Transcript-Id"]
    assert Transcript.objects.count() == 1


@pytest.mark.parametrize("path", ["/asr", "/detect-language"])
def test_a_refused_key_is_asked_for_by_basic_first(client: Client, path: str) -> None:
    wrong_keys: list[dict[str, Any]] = [
        {"auth": ("x", "stt_wrong")},
        {"auth": ("x", "")},
        {"auth": None, "headers": {"Authorization": f"Token {client.key}"}},
    ]
    for wrong in wrong_keys:
        answer = ask(client, path, **wrong)
        assert answer.status_code == 401
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge == 'Basic realm="stt", Bearer realm="stt"'
    elsewhere = ask(client, "/v1/transcribe", name="file", auth=("x", client.key))
    assert (elsewhere.status_code, elsewhere.headers["WWW-Authenticate"]) == (
        401,
        'Bearer realm="stt"',
    )


def test_errors_are_a_sentence_in_detail(client: Client) -> None:
    no_credits = make_client(client.url, minutes=0)
    small = make_client(client.url, max_file_bytes=1000)
    for answer, status, code in (
        (ask(client, "/asr", auth=("x", "stt_wrong")), 401, "invalid_key"),
        (ask(client, "/asr", auth=None, headers={"Authorization": f"Token {client.key}"}), 401,
         "invalid_key"),
        (ask(client, "/asr?output=xml"), 400, "invalid_value"),
        (ask(client, "/asr?language=xx-unknown"), 400, "unknown_language"),
        (ask(client, "/asr", name="file"), 400, "missing_file"),
        (ask(client, "/asr", b"x" * 5000), 400, "not_audio"),
        (ask(client, "/asr?encode=false", b""), 400, "corrupt_media"),
        (ask(client, "/detect-language", b"x" * 5000), 400, "not_audio"),
        (ask(small, "/asr?encode=false"), 413, "file_too_large"),
        (ask(no_credits, "/asr?encode=false"), 402, "no_credits"),
        (client.call("POST", "/asr", json={}), 415, "unsupported_media_type"),
        (client.call("GET", "/asr"), 405, "method_not_allowed"),
        (client.call("GET", "/asr/more"), 404, "not_found"),
    ):  # fmt: skip
        body = answer.json()
        assert (answer.status_code, body["code"]) == (status, code), answer.text
        assert body["detail"]
    long_prompt = ask(client, f"/asr?initial_prompt={'x' * 1001}").json()
    assert long_prompt["field"] == "initial_prompt"
    assert long_prompt["detail"].startswith("initial_prompt ")
