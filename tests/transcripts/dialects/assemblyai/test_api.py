"""`/v2/` over a real socket: uploads, requests, polling, pages, and what is read of a text."""

import json
import os
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.core import signing
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tests.transcripts.exports.test_masked_audio import (
    MaskingWorker,
    make_spoken,
    masking_worker,
)
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.served_api import (
    Client,
    client,
    guest,
    inference,
    make_client,
    server,
    wav,
    worker,
)
from tests.transcripts.webhooks.receiver import Receiver
from transcripts.dialects.assemblyai.answers import describe, speaker_letter
from transcripts.dialects.assemblyai.redacted_audio import OPEN_FOR_S
from transcripts.dialects.assemblyai.requests import get_request, record_request
from transcripts.models import Transcript
from transcripts.retention.purge import purge_orphans
from transcripts.services.recordings import recording_path
from transcripts.uploads.held import purge_held
from transcripts.uploads.models import AssemblyTranscript, HeldRecording
from transcripts.user_data import remove_transcripts
from transcripts.webhooks.pump import pump_deliveries

__all__ = ["client", "guest", "inference", "masking_worker", "server", "worker"]  # fixtures
TEXT = "w0 w1 w2"
PATH = "/v2/transcript"


def call(client: Client, method: str, path: str, **options: Any) -> requests.Response:
    """Call with the bare key, as these clients do."""
    headers = {"Authorization": client.key} if client.key else {}
    return client.call(method, path, headers=headers, **options)


def upload(client: Client, content: bytes | None = None) -> str:
    answer = call(client, "POST", "/v2/upload", data=wav() if content is None else content)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["upload_url"]
    return url


def order(client: Client, **asked: Any) -> dict[str, Any]:
    asked.setdefault("audio_url", upload(client))
    answer = call(client, "POST", PATH, json=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["audio_url"] == asked["audio_url"]
    return body


def finish(client: Client, ordered: dict[str, Any]) -> dict[str, Any]:
    for _ in range(600):
        body: dict[str, Any] = call(client, "GET", f"{PATH}/{ordered['id']}").json()
        if body["status"] not in ("queued", "processing"):
            return body
        time.sleep(0.05)
    raise AssertionError(body)


@pytest.mark.usefixtures("worker")
def test_a_text_has_words_speakers_and_whole_milliseconds(client: Client) -> None:
    done = finish(client, order(client, speaker_labels=True))

    assert (done["status"], done["text"], done["language_code"]) == ("completed", TEXT, "en")
    assert done["audio_duration"] == 3
    assert done["speech_model_used"] == "tiny"
    assert [word["text"] for word in done["words"]] == TEXT.split()
    assert all(type(word["start"]) is int is type(word["end"]) for word in done["words"])
    assert {word["speaker"] for word in done["words"]} == {"A", "B"}
    assert " ".join(each["text"] for each in done["utterances"]) == TEXT
    assert done["speaker_labels"] is True

    address = f"{PATH}/{done['id']}"
    sentences = call(client, "GET", f"{address}/sentences").json()
    paragraphs = call(client, "GET", f"{address}/paragraphs").json()
    assert " ".join(each["text"] for each in sentences["sentences"]) == TEXT
    assert " ".join(each["text"] for each in paragraphs["paragraphs"]) == TEXT
    assert sentences["audio_duration"] == 3.0
    found = call(client, "GET", f"{address}/word-search?words=W1,w1 w2,nothing").json()
    assert found["total_count"] == 2
    assert [match["indexes"] for match in found["matches"]] == [[1], [1]]
    assert found["matches"][0]["timestamps"] == [
        [done["words"][1]["start"], done["words"][1]["end"]]
    ]
    longer = call(client, "GET", f"{address}/word-search?words=w1 w2 w3 w4 w5 never")
    assert (longer.status_code, longer.json()["field"]) == (400, "words")
    assert call(client, "GET", f"{address}/srt").text.startswith("1\n00:00:00,")
    narrow = call(client, "GET", f"{address}/vtt?chars_per_caption=8").text
    assert narrow.startswith("WEBVTT")
    assert call(client, "GET", f"{address}/redacted-audio").status_code == 400


@pytest.mark.usefixtures("worker")
def test_an_upload_is_named_by_several_requests_and_goes_after_a_day(client: Client) -> None:
    url = upload(client)
    first = finish(client, order(client, audio_url=url))
    second = finish(client, order(client, audio_url=url, punctuate=False))
    third = finish(client, order(client, audio_url=url, speaker_labels=True))

    assert len({first["id"], second["id"], third["id"]}) == 3
    assert Transcript.objects.count() == 2  # with speakers, and without
    assert "utterances" not in first
    HeldRecording.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert call(client, "POST", PATH, json={"audio_url": url}).json()["code"] == "upload_not_found"
    purge_held()
    (held_id,) = {url.rpartition("/")[2]}
    assert not (Path(django_settings.MEDIA_ROOT) / uuid.UUID(held_id).hex).exists()
    assert finish(client, third)["status"] == "completed"  # its own link to the file stays
    transcript = Transcript.objects.first()
    assert transcript is not None
    assert (Path(django_settings.MEDIA_ROOT) / transcript.recording.path).exists()


def test_an_upload_that_waits_is_no_orphan_and_goes_with_its_account(client: Client) -> None:
    upload(client)
    held = HeldRecording.objects.get()
    for path in (held.path, held.path.parent):
        os.utime(path, (0, 0))
    purge_orphans()
    assert held.path.exists()
    remove_transcripts(client.user)
    assert not held.path.exists()


@pytest.mark.usefixtures("worker")
def test_what_is_masked_is_masked_in_all_that_is_answered(
    client: Client, inference: FakeInference
) -> None:
    inference.scripts.append(Script(text="Write to ann@example.com now."))
    ordered = order(client, redact_pii=True, redact_pii_policies=["email_address"])
    done = finish(client, ordered)
    address = f"{PATH}/{done['id']}"
    answers = [json.dumps(done)]
    answers += [
        call(client, "GET", f"{address}/{name}").text
        for name in ("sentences", "paragraphs", "srt", "vtt")
    ]
    assert all("example" not in answer and "[e-mail]" in answer for answer in answers)


def test_beeped_sound_has_an_address_that_opens_it_without_a_key(
    client: Client, masking_worker: MaskingWorker, settings: Settings
) -> None:
    asked = {"audio_url": "x", "redact_pii": True, "redact_pii_audio": True}
    row = AssemblyTranscript.objects.create(
        owner=client.user,
        transcript=make_spoken(client, settings),
        asked=asked | {"redact_pii_audio_quality": "wav"},
        created_at=timezone.now(),
    )
    path = f"{PATH}/{row.pk}/redacted-audio"
    answer = call(client, "GET", path).json()

    assert answer["status"] == "redacted_audio_ready"
    address = answer["redacted_audio_url"]
    sound = requests.get(address, timeout=20)
    assert (sound.status_code, sound.content[:4]) == (200, b"RIFF")
    part = requests.get(address, headers={"Range": "bytes=4-7"}, timeout=20)
    assert (part.status_code, part.content) == (206, sound.content[4:8])
    assert requests.get(address[:-1], timeout=20).status_code == 404
    assert call(make_client(client.url), "GET", path).status_code == 404
    AssemblyTranscript.objects.update(asked={"audio_url": "x"})
    refused = call(client, "GET", path)
    assert (refused.status_code, refused.json()["code"]) == (400, "redacted_audio_unavailable")
    row.delete()
    assert requests.get(address, timeout=20).status_code == 404
    assert masking_worker.made == 1


def test_the_address_of_beeped_sound_ends(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = AssemblyTranscript.objects.create(
        owner=client.user,
        transcript=make_spoken(client, settings),
        asked={"audio_url": "x"},
        created_at=timezone.now(),
    )
    an_hour_ago = time.time() - OPEN_FOR_S - 1
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: an_hour_ago)
        token = signing.dumps(str(row.pk), salt="assemblyai.redacted_audio")
    assert client.call("GET", f"/v2/redacted-audio?token={token}").status_code == 404


@pytest.mark.usefixtures("worker")
def test_a_webhook_gets_the_id_and_its_secret(client: Client, settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Receiver() as receiver:
        ordered = order(
            client,
            webhook_url=receiver.url,
            webhook_auth_header_name="X-Secret",
            webhook_auth_header_value="abc",
        )
        done = finish(client, ordered)
        pump_deliveries()
        (message,) = receiver.messages
    assert json.loads(message.body) == {"transcript_id": done["id"], "status": "completed"}
    assert message.headers["x-secret"] == "abc"
    assert done["webhook_auth"] is True
    assert "abc" not in json.dumps(done)


def test_pages_go_on_by_ids_newest_first(client: Client) -> None:
    url = upload(client)
    ids = [order(client, audio_url=url)["id"] for _ in range(3)]

    page = call(client, "GET", f"{PATH}?limit=2").json()
    assert [each["id"] for each in page["transcripts"]] == [ids[2], ids[1]]
    assert page["page_details"]["result_count"] == 2
    assert page["transcripts"][0]["resource_url"].endswith(f"{PATH}/{ids[2]}")
    older = call(client, "GET", page["page_details"]["prev_url"].removeprefix(client.url)).json()
    assert [each["id"] for each in older["transcripts"]] == [ids[0]]
    newer = call(client, "GET", older["page_details"]["next_url"].removeprefix(client.url)).json()
    assert [each["id"] for each in newer["transcripts"]] == [ids[2], ids[1]]
    assert call(client, "GET", f"{PATH}?status=completed").json()["transcripts"] == []
    assert len(call(client, "GET", f"{PATH}?status=queued").json()["transcripts"]) == 3
    assert call(client, "GET", f"{PATH}?created_on=2001-02-03").json()["transcripts"] == []


@pytest.mark.usefixtures("worker")
def test_what_joins_finished_work_is_not_complete_before_it_was_asked_for(client: Client) -> None:
    url = upload(client)
    finish(client, order(client, audio_url=url))
    joined = order(client, audio_url=url)
    listed = call(client, "GET", f"{PATH}?limit=1").json()["transcripts"][0]
    assert (listed["id"], listed["status"]) == (joined["id"], "completed")
    assert listed["completed"] >= listed["created"]


def test_a_poll_is_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request_id = uuid.UUID(order(client)["id"])
    with django_assert_num_queries(1):
        body = describe(get_request(client.user, request_id))
    assert body["status"] == "queued"
    answer = call(client, "GET", f"{PATH}/{request_id}/sentences")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_ready")


def test_deleting_deletes_the_transcript(client: Client) -> None:
    ordered = order(client)
    deleted = call(client, "DELETE", f"{PATH}/{ordered['id']}")
    assert (deleted.status_code, deleted.json()["id"]) == (200, ordered["id"])
    assert call(client, "GET", f"{PATH}/{ordered['id']}").status_code == 404
    assert not Transcript.objects.exists()
    assert not AssemblyTranscript.objects.exists()


def test_deleting_one_of_two_requests_leaves_the_other(client: Client) -> None:
    url = upload(client)
    first, second = (order(client, audio_url=url) for _ in range(2))
    assert Transcript.objects.count() == 1
    call(client, "DELETE", f"{PATH}/{first['id']}")
    assert call(client, "GET", f"{PATH}/{first['id']}").status_code == 404
    assert call(client, "GET", f"{PATH}/{second['id']}").status_code == 200
    call(client, "DELETE", f"{PATH}/{second['id']}")
    assert not Transcript.objects.exists()


def test_a_transcript_that_is_deleted_as_it_is_ordered_is_404(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(asked: Any, user: Any, transcript: Transcript) -> AssemblyTranscript:
        Transcript.objects.filter(pk=transcript.pk).delete()
        return record_request(asked, user, transcript)

    monkeypatch.setattr("transcripts.dialects.assemblyai.api.record_request", too_late)
    answer = call(client, "POST", PATH, json={"audio_url": upload(client)})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_beeped_sound_of_a_missing_recording_is_refused(client: Client, settings: Settings) -> None:
    transcript = make_spoken(client, settings)
    recording_path(transcript).unlink()
    row = AssemblyTranscript.objects.create(
        owner=client.user,
        transcript=transcript,
        asked={"audio_url": "x", "redact_pii": True, "redact_pii_audio": True},
        created_at=timezone.now(),
    )
    assert call(client, "GET", f"{PATH}/{row.pk}/redacted-audio").status_code == 404


def test_what_was_asked_for_and_ignored_is_named(client: Client) -> None:
    asked = {"sentiment_analysis": True, "auto_chapters": False, "shiny": 1}
    ordered = order(client, **asked)
    assert [each.split()[0] for each in ordered["warnings"]] == ["sentiment_analysis", "shiny"]
    again = call(client, "GET", f"{PATH}/{ordered['id']}").json()
    assert again["warnings"] == ordered["warnings"]


@pytest.mark.usefixtures("worker")
def test_what_a_text_lacks_is_named(client: Client, inference: FakeInference) -> None:
    inference.scripts.append(Script(is_silent=True))
    done = finish(client, order(client, auto_chapters=True))
    assert (done["status"], done["text"]) == ("completed", "")
    ignored, lacking = done["warnings"]
    assert ignored.startswith("auto_chapters is ignored")
    assert lacking == "No speech was found in this recording."


def test_errors_are_a_sentence(client: Client) -> None:
    stranger = Client(client.url, "stt_wrong")
    other = make_client(client.url)
    small = make_client(client.url, max_file_bytes=1000)
    url, ordered = upload(client), order(client)
    text = upload(client, b"x" * 5000)
    for answer, status, code in (
        (call(stranger, "POST", "/v2/upload", data=wav()), 401, "invalid_key"),
        (call(Client(client.url), "POST", "/v2/upload", data=wav()), 401, "missing_key"),
        (call(Client(client.url), "GET", PATH), 401, "missing_key"),
        (call(small, "POST", "/v2/upload", data=wav()), 413, "file_too_large"),
        (call(client, "POST", "/v2/upload", data=b""), 400, "missing_file"),
        (call(client, "POST", "/v2/upload", files={"file": wav()}), 415,
         "unsupported_media_type"),
        (call(client, "GET", "/v2/upload"), 405, "method_not_allowed"),
        (call(client, "PUT", PATH), 405, "method_not_allowed"),
        (call(other, "POST", PATH, json={"audio_url": url}), 400, "upload_not_found"),
        (call(client, "POST", PATH, json={"audio_url": text}), 400, "not_audio"),
        (call(client, "POST", PATH, json={"audio_url": "http://10.0.0.1/a"}), 400,
         "address_refused"),
        (call(client, "POST", PATH, json={"audio_url": url, "multichannel": True}), 400,
         "invalid_value"),
        (call(client, "POST", PATH, data=b"{"), 415, "unsupported_media_type"),
        (call(other, "GET", f"{PATH}/{ordered['id']}"), 404, "not_found"),
        (call(other, "DELETE", f"{PATH}/{ordered['id']}"), 404, "not_found"),
        (call(client, "GET", f"{PATH}?limit=0"), 400, "invalid_value"),
        (call(client, "GET", f"{PATH}?before_id=x"), 400, "invalid_value"),
        (call(client, "GET", "/v2/nothing"), 404, "not_found"),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert isinstance(answer.json()["error"], str)


def test_speakers_are_letters() -> None:
    numbers = (1, 2, 26, 27, 52, 53)
    assert [speaker_letter(number) for number in numbers] == ["A", "B", "Z", "AA", "AZ", "BA"]
