"""POST /v1/transcribe, by HTTP."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts.tickets import issue_ticket
from billing.ledger import read_balance
from billing.models import Plan
from tests.e2e.processes import wait_until
from tests.stt_web.served import Served
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Status, Transcript


def refused(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["error"].endswith((".", "!", "?")) or "Quote this id" in body["error"]
    return answer.status_code, body["code"]


def upload_folders() -> set[Path]:
    root = Path(django_settings.MEDIA_ROOT)
    return set(root.iterdir()) if root.exists() else set()


def test_a_recording_is_transcribed_and_charged(client: Client, worker: Worker) -> None:
    answer = client.transcribe(wav(seconds=3), name="My talk.wav", diarize="false")

    assert answer.status_code == 200
    body = answer.json()
    assert body["text"] == "w0 w1 w2"
    assert (body["language"], body["duration"], body["model"]) == ("en", 3.0, "tiny")
    assert body["segments"][0]["speaker"] is None
    assert body["segments"][0]["words"][0].keys() >= {"word", "start", "end", "confidence"}
    assert (body["speakers"], body["warnings"]) == ([], [])
    headers = answer.headers
    assert headers["X-Transcript-Id"] == body["id"]
    assert headers["X-Audio-Duration"] == "3.000"
    assert (headers["X-Credits-Charged"], headers["X-Credits-Left"]) == ("1", "59")
    assert headers["X-Model-Used"] == "tiny"
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 59
    stored = Transcript.objects.get(pk=body["id"])
    assert (stored.recording.file_name, stored.title) == ("My talk.wav", "My talk")


@pytest.mark.parametrize(
    ("response_format", "content_type", "begins"),
    [
        ("json", "application/json", '{"text"'),
        ("verbose_json", "application/json", '{"text"'),
        ("txt", "text/plain", "w0"),
        ("text", "text/plain", "w0"),
        ("srt", "application/x-subrip", "1\n00:00:00,"),
        ("vtt", "text/vtt", "WEBVTT\n\n"),
    ],
)
def test_each_format_has_its_type_and_all_headers(
    client: Client, worker: Worker, response_format: str, content_type: str, begins: str
) -> None:
    answer = client.transcribe(response_format=response_format, diarize="false")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].partition(";")[0] == content_type
    assert answer.text.startswith(begins)
    for name in (
        "Transcript-Id",
        "Audio-Duration",
        "Credits-Charged",
        "Credits-Left",
        "Model-Used",
    ):
        assert answer.headers[f"X-{name}"]


def test_the_options_reach_the_inference_service(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    client.transcribe(
        model="tiny",
        language="CS",
        diarize="on",
        speakers="3",
        prompt="Names: Žofie.",
        hot_words="gRPC, PyAV,",
    )

    [config] = inference.configs
    assert (config.model, config.language, config.with_speaker_turns) == ("tiny", "cs", True)
    assert config.prompt == "Names: Žofie."
    assert list(config.hot_words) == ["gRPC", "PyAV"]
    assert inference.diarized[-1].speakers == 3


@pytest.mark.parametrize("sent", ["en-US", "en_GB", "ENGLISH", "eng", "English (United States)"])
def test_a_language_is_understood_as_clients_name_it(
    client: Client, worker: Worker, inference: FakeInference, sent: str
) -> None:
    client.transcribe(language=sent)

    assert [config.language for config in inference.configs] == ["en"]


@pytest.mark.parametrize(
    ("fields", "language", "languages", "is_multilingual"),
    [
        ({"language": "multi"}, "", [], True),
        ({"language": "Multi", "languages": "en-US, cs"}, "", ["en", "cs"], True),
        ({"languages": "cs,en,cs"}, "", ["cs", "en"], False),
        ({"languages": "cs"}, "cs", [], False),
        ({"language": "cs", "languages": "cs,en"}, "cs", [], False),
    ],
)
def test_several_languages_reach_the_inference_service(
    client: Client,
    worker: Worker,
    inference: FakeInference,
    fields: dict[str, Any],
    language: str,
    languages: list[str],
    is_multilingual: bool,
) -> None:
    answer = client.transcribe(**fields)

    [config] = inference.configs
    assert (config.language, list(config.languages), config.multilingual) == (
        language,
        languages,
        is_multilingual,
    )
    job = TranscriptionJob.objects.get(transcript=answer.json()["id"])
    asked = job.options
    assert (list(asked.languages), asked.is_multilingual) == (languages, is_multilingual)


def test_other_languages_are_another_request(client: Client, worker: Worker) -> None:
    asked: list[dict[str, Any]] = [{}, {"language": "multi"}, {"languages": "cs,en"}]

    ids = {client.transcribe(**fields).json()["id"] for fields in [*asked, {"language": "multi"}]}

    assert len(ids) == 3


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"languages": "en,klingon"}, "unknown_language", "klingon"),
        ({"language": "cs", "languages": "en,de"}, "invalid_value", "language=multi"),
        ({"languages": "en,cs,de,fr,es,it,pt,nl,sv,da,fi"}, "invalid_value", "at most 10"),
        ({"response_format": "docx"}, "invalid_value", "verbose_json"),
        ({"language": "klingon"}, "unknown_language", "/v1/languages"),
        ({"diarize": "maybe"}, "invalid_value", "true or false"),
        ({"async": "2"}, "invalid_value", "true or false"),
        ({"speakers": "-1"}, "invalid_value", "1 to 50"),
        ({"speakers": "51"}, "invalid_value", "1 to 50"),
        ({"speakers": "two"}, "invalid_value", "1 to 50"),
        ({"task": "summarise"}, "invalid_value", "transcribe, translate"),
        ({"prompt": "x" * 1001}, "invalid_value", "1000"),
        ({"hot_words": "a," * 101}, "invalid_value", "100"),
        ({"model": "whisper-9"}, "unknown_model", "tiny"),
        ({"track": "first"}, "invalid_value", "all, or a whole number from 1 to 100"),
        ({"channels": "0"}, "invalid_value", "split or mix, or a whole number from 1 to 64"),
        ({"track": "2"}, "unknown_track", "one audio track"),
        ({"channels": "3"}, "unknown_channel", "has 1 channel"),
    ],
)
def test_a_value_that_cannot_be_used_is_400_and_states_which_can(
    client: Client, fields: dict[str, Any], code: str, message: str
) -> None:
    answer = client.transcribe(**fields)

    assert refused(answer) == (400, code)
    assert message in answer.json()["error"]
    assert not Transcript.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "small"}, "pull small"),
        ({"language": "de"}, "German"),
        ({"languages": "en,de"}, "German"),
        ({"task": "translate"}, "translate"),
    ],
)
def test_what_is_not_installed_is_503_and_states_what_to_install(
    client: Client, fields: dict[str, Any], message: str
) -> None:
    answer = client.transcribe(**fields)

    assert refused(answer) == (503, "not_installed")
    assert message in answer.json()["error"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_file"), (b"This is a letter, not a recording.\n" * 50, "not_audio")],
)
def test_what_is_no_recording_is_400_and_leaves_nothing(
    client: Client, content: bytes, code: str
) -> None:
    before = upload_folders()

    answer = client.transcribe(content, name="talk.mp3")

    assert refused(answer) == (400, code)
    assert not Transcript.objects.exists()
    wait_until(lambda: upload_folders() == before, what="the upload is deleted")


def test_without_a_file_it_is_400(client: Client) -> None:
    answer = client.call("POST", "/v1/transcribe", files={"model": (None, "small")})

    assert refused(answer) == (400, "missing_file")


def test_another_kind_of_body_is_415(client: Client) -> None:
    assert refused(client.call("POST", "/v1/transcribe", json={"file": "x"}))[0] == 415


def test_another_method_is_405(client: Client) -> None:
    answer = client.get("/v1/transcribe")

    assert refused(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("header", ["Bearer stt_wrong", "Bearer", "Basic abc"])
def test_a_bad_key_is_401_although_none_is_needed(guest: Client, header: str) -> None:
    answer = guest.call(
        "POST", "/v1/transcribe", files={"file": wav()}, headers={"Authorization": header}
    )

    assert refused(answer) == (401, "invalid_key")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_file_over_the_plan_is_413_with_the_limit(guest: Client) -> None:
    small = make_client(guest.url, max_file_bytes=1000)

    answer = small.transcribe(wav(seconds=30))

    assert refused(answer) == (413, "file_too_large")
    assert answer.json()["limit_bytes"] == 1000


def test_no_minutes_left_is_402_and_leaves_nothing(guest: Client) -> None:
    poor = make_client(guest.url, minutes=0)
    before = upload_folders()

    assert refused(poor.transcribe())[0] == 402
    assert not Transcript.objects.exists()
    wait_until(lambda: upload_folders() == before, what="the upload is deleted")


def test_async_is_answered_at_once_with_its_address(client: Client) -> None:
    answer = client.transcribe(wav(seconds=3), is_async=True)

    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["queue_position"]) == ("queued", 1)
    assert body["progress"] == {"done_s": 0.0, "total_s": 3.0}
    assert answer.headers["Location"] == f"/api/v1/transcripts/{body['id']}/"
    assert client.get(answer.headers["Location"]).json()["status"] == "queued"


def test_prefer_respond_async_is_the_same(client: Client) -> None:
    answer = client.call(
        "POST", "/v1/transcribe", files={"file": wav()}, headers={"Prefer": "respond-async, wait=5"}
    )

    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"


def test_more_than_may_run_at_once_is_429_and_async_waits(client: Client) -> None:
    Plan.objects.update(requests_per_minute=60)
    for sample in (b"\x01\x00", b"\x02\x00"):
        assert client.transcribe(wav(sample=sample), is_async=True).status_code == 202

    answer = client.transcribe(wav(sample=b"\x03\x00"))
    queued = client.transcribe(wav(sample=b"\x04\x00"), is_async=True)

    assert refused(answer) == (429, "concurrency_limit")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["RateLimit-Policy"] == queued.headers["RateLimit-Policy"]
    assert '"live";q=2;qu="concurrent-requests"' in answer.headers["RateLimit-Policy"]
    assert answer.headers["RateLimit"].startswith('"live";r=0, "default";r=')
    assert (queued.status_code, queued.json()["queue_position"]) == (202, 3)


def test_of_many_at_the_same_moment_no_more_than_the_limit_get_in(
    client: Client, settings: Settings
) -> None:
    settings.SYNC_WAIT_S = 1.0

    def ask(number: int) -> int:
        own = Client(client.url, client.key)
        return own.transcribe(wav(sample=bytes([number, 0]))).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(ask, range(1, 7)))

    assert statuses == [429] * 4 + [503] * 2  # two were let in, and waited
    assert Transcript.objects.count() == 2


def test_the_same_request_again_joins_the_job_and_is_billed_once(
    client: Client, worker: Worker
) -> None:
    first = client.transcribe(diarize="false")
    before = upload_folders()
    again = client.transcribe(diarize="false", response_format="srt")

    assert again.headers["X-Transcript-Id"] == first.json()["id"]
    assert Transcript.objects.count() == 1
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 59
    wait_until(lambda: upload_folders() == before, what="the second upload is deleted")


def test_what_a_person_made_of_it_is_not_the_answer(client: Client, worker: Worker) -> None:
    first = client.transcribe(diarize="false").json()
    segments = f"/api/v1/transcripts/{first['id']}/segments/"
    key = client.get(segments).json()["results"][0]["id"]
    edited = client.call("PATCH", f"{segments}{key}/", json={"text": "Something else"})
    again = client.transcribe(diarize="false").json()

    assert edited.status_code == 200
    assert again["id"] == first["id"]
    assert again["text"] == first["text"]
    assert again["segments"] == first["segments"]


def test_what_another_model_wrote_is_not_the_answer_once_a_better_one_is_here(
    client: Client, worker: Worker
) -> None:
    sound = wav(seconds=3)
    first = client.transcribe(sound, diarize="false").json()["id"]
    update_transcripts(Transcript.objects.filter(pk=first), model_used="base")

    again = client.transcribe(sound, diarize="false")

    assert again.json()["id"] != first
    assert again.headers["X-Model-Used"] == "tiny"


def test_the_same_request_sent_twice_at_once_is_one_job(client: Client) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(
            threads.map(
                lambda _: Client(client.url, client.key).transcribe(is_async=True), range(6)
            )
        )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert client.account is not None
    assert read_balance(client.account).minutes_left == 59


def test_other_options_another_account_and_a_failed_job_are_not_joined(
    client: Client, guest: Client
) -> None:
    first = client.transcribe(is_async=True).json()["id"]
    others = client.transcribe(is_async=True, speakers="2").json()["id"]
    stranger = make_client(guest.url).transcribe(is_async=True).json()["id"]
    update_transcripts(Transcript.objects.filter(pk=first), status=Status.FAILED)
    another = client.transcribe(is_async=True).json()["id"]

    assert len({first, others, stranger, another}) == 4


def test_a_wait_that_runs_out_is_503_with_the_id_and_the_job_goes_on(
    client: Client, settings: Settings
) -> None:
    settings.SYNC_WAIT_S = 0.2

    answer = client.transcribe()

    assert refused(answer) == (503, "still_processing")
    transcript_id = answer.json()["id"]
    assert answer.headers["X-Transcript-Id"] == transcript_id
    assert int(answer.headers["Retry-After"]) > 0
    assert Transcript.objects.get(pk=transcript_id).status == Status.QUEUED


def test_who_waits_while_the_server_stops_is_answered_at_once_and_the_job_goes_on(
    client: Client,
) -> None:
    from stt_web.asgi import application

    with Served(application) as stopped, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(Client(stopped.url, client.key).transcribe)
        wait_until(Transcript.objects.exists, what="the job")
        stopped.stop()
        answer = waiting.result(10)

    transcript = Transcript.objects.get()
    assert refused(answer) == (503, "still_processing")
    assert "restarted" in answer.json()["error"]
    assert answer.json()["id"] == answer.headers["X-Transcript-Id"] == str(transcript.pk)
    assert int(answer.headers["Retry-After"]) > 0
    assert transcript.status == Status.QUEUED


def test_a_client_that_goes_away_does_not_cancel_its_job(
    client: Client, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(
            client.url + "/v1/transcribe",
            files={"file": wav()},
            headers={"Authorization": f"Bearer {client.key}"},
            timeout=1,
        )
    request.getfixturevalue("worker")

    wait_until(
        lambda: (
            Transcript.objects.filter(status=Status.COMPLETED).count()
            + Transcript.objects.filter(status=Status.COMPLETED_WITH_WARNINGS).count()
            == 1
        ),
        what="the job is finished",
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [("corrupt_media", 400), ("inference_unavailable", 503), ("too_many_tries", 500)],
)
def test_a_job_that_fails_is_reported_as_what_it_is(client: Client, code: str, status: int) -> None:
    def fail() -> None:
        wait_until(Transcript.objects.exists, what="it is queued")
        update_transcripts(
            Transcript.objects.all(),
            status=Status.FAILED,
            error_code=code,
            error_message="It did not work.",
        )

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.transcribe)
        fail()
        answer = waiting.result()

    assert refused(answer) == (status, code)
    assert answer.json()["error"] == "It did not work."
    assert answer.headers["X-Transcript-Id"] == answer.json()["id"]


@pytest.mark.parametrize(
    ("act", "codes"),
    [(cancel_transcript, ["cancelled"]), (delete_transcript, ["cancelled", "deleted"])],
)
def test_one_that_is_cancelled_or_deleted_while_waited_for_is_409(
    client: Client, act: object, codes: list[str]
) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.transcribe)
        wait_until(Transcript.objects.exists, what="it is queued")
        act(Transcript.objects.get())  # type: ignore[operator]  # either takes a transcript
        answer = waiting.result()

    status, code = refused(answer)
    assert status == 409
    assert code in codes  # a deletion cancels first, and that may be what is seen


def test_a_broken_off_recognition_is_not_the_clients_matter(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    inference.scripts.append(Script(windows=1, status=grpc.StatusCode.UNAVAILABLE))

    assert client.transcribe(diarize="false").json()["text"] == "w0 w1 w2"


def test_a_guest_gets_an_answer_and_a_token_that_opens_it(guest: Client, worker: Worker) -> None:
    answer = guest.transcribe(diarize="false")

    assert answer.json()["text"] == "w0 w1 w2"
    token = answer.headers["X-Transcript-Token"]
    assert token.startswith("sttt_")
    path = f"/api/v1/transcripts/{answer.json()['id']}/"
    found = Client(guest.url, token).get(path)
    assert found.json()["text"] == "w0 w1 w2"
    assert token not in str(list(Transcript.objects.values()))


def test_a_guests_async_answer_has_the_token_in_its_body(guest: Client) -> None:
    answer = guest.transcribe(is_async=True)

    assert answer.json()["token"] == answer.headers["X-Transcript-Token"]


def test_a_guest_may_have_one_at_once(guest: Client) -> None:
    assert guest.transcribe(is_async=True).status_code == 202

    answer = guest.transcribe(wav(sample=b"\x05\x00"), is_async=True)

    assert refused(answer) == (429, "concurrency_limit")


def test_a_guest_has_three_a_day(guest: Client, worker: Worker) -> None:
    for _ in range(3):
        assert guest.transcribe(diarize="false").status_code == 200

    answer = guest.transcribe(diarize="false")

    assert refused(answer) == (429, "anonymous_limit")
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400


def test_a_refusal_does_not_count_for_a_guest(guest: Client, worker: Worker) -> None:
    for _ in range(4):
        assert guest.transcribe(b"no recording").status_code == 400

    assert guest.transcribe(diarize="false").status_code == 200


def test_it_states_whether_a_page_or_a_program_sent_it(client: Client) -> None:
    page = Client(client.url, issue_ticket(client.user))

    for sender, source, sample in ((page, "upload", b"\x05\x00"), (client, "api", b"\x06\x00")):
        answer = sender.transcribe(wav(sample=sample), is_async=True)
        assert Transcript.objects.get(pk=answer.json()["id"]).source == source
