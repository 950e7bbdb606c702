"""Speaking in the voice of a reference: consent, what is measured, and what is stored of it."""

import hashlib
from pathlib import Path

import grpc
import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_voice import FakeVoice
from tests.transcripts.served_api import Client, Worker, make_client
from tests.transcripts.voices.conftest import clone, spoken, turns
from transcripts.voices.models import VoiceConsent, VoiceJob, VoiceReferenceUse

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(60)]

CONSENT = "/api/v1/voice-consent/"


@pytest.fixture(autouse=True)
def _one_voice(inference: FakeInference) -> None:
    """Five bursts of speech in the first five seconds, by one voice."""
    inference.turns = turns(*((second, second + 0.8) for second in range(5)))


def test_without_consent_a_reference_is_not_even_measured(
    client: Client, inference: FakeInference
) -> None:
    inference.find_turns_status = grpc.StatusCode.INTERNAL  # would be answered with 503

    answer = clone(client, spoken())

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_required")
    assert "consent=true" in answer.json()["error"]
    assert not VoiceReferenceUse.objects.exists()


def test_without_a_cloning_engine_the_answer_has_what_to_install(client: Client) -> None:
    answer = clone(client, spoken(), consent="true")

    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")
    assert "catalog pull pocket-tts" in answer.json()["error"]
    assert not VoiceReferenceUse.objects.exists()


def test_only_what_speaks_the_language_is_to_be_installed(client: Client) -> None:
    answer = clone(client, spoken(), consent="true", language="zh")

    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")
    assert "pull f5-tts" in answer.json()["error"]
    assert "pull pocket-tts" not in answer.json()["error"]


def test_where_no_engine_clones_in_the_language_none_is_to_be_installed(client: Client) -> None:
    answer = clone(client, spoken(), consent="true", language="cs")

    assert (answer.status_code, answer.json()["code"]) == (400, "language_not_supported")
    assert answer.json()["languages"] == ["en", "zh"]


def test_the_best_engine_that_speaks_the_language_is_chosen(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.can_clone = True

    answer = clone(client, spoken(), consent="true", language="zh")

    assert (answer.status_code, answer.headers["X-Model-Used"]) == (200, "f5-tts")


def test_music_under_the_speech_is_named_also_where_it_sounds_like_a_second_voice(
    client: Client, inference: FakeInference
) -> None:
    inference.voices, inference.turns = 2, turns((0.0, 2.5), (2.5, 5.0))

    answer = clone(client, spoken(level=0.1, under=0.1), consent="true")

    assert answer.json()["measured"]["voices"] == 2
    assert "Music or noise lies under the speech" in answer.json()["error"]


def test_with_consent_on_the_account_the_documented_call_works(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.can_clone = True
    agreed = client.call("PUT", CONSENT).json()
    reference = spoken()

    answer = clone(client, reference, "Hello there.")

    assert agreed["agreed"]
    assert agreed["agreed_at"]
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Voice"] == "reference"
    assert answer.headers["X-Model-Used"] == "pocket-tts"
    (request,) = voice.requests
    assert (request.voice, request.reference.sample_rate_hz) == ("", 16_000)
    assert len(request.reference.pcm) == pytest.approx(5 * 2 * 16_000, rel=0.01)
    use = VoiceReferenceUse.objects.get()
    assert use.sha256 == hashlib.sha256(reference).hexdigest()
    assert (use.duration_ms, use.speech_ms, use.consent) == (5_000, 4_000, "account")


def test_the_sound_of_a_reference_is_deleted_with_the_end_of_the_work(
    client: Client, worker: Worker, voice: FakeVoice
) -> None:
    voice.can_clone = True
    before = set(Path(django_settings.MEDIA_ROOT).iterdir())

    clone(client, spoken(), consent="true")

    job = VoiceJob.objects.get()
    assert job.reference_path == ""
    left = set(Path(django_settings.MEDIA_ROOT).iterdir()) - before
    assert [folder.name for folder in left] == [job.path.split("/")[0]]
    assert VoiceReferenceUse.objects.get().consent == "request"


def test_consent_is_given_once_and_revoked(client: Client) -> None:
    first = client.call("PUT", CONSENT).json()
    again = client.call("PUT", CONSENT).json()
    assert first == again

    assert client.call("DELETE", CONSENT).status_code == 204

    assert client.get(CONSENT).json() | {"terms": ""} == {
        "agreed": False,
        "agreed_at": None,
        "terms": "",
    }
    assert clone(client, spoken()).status_code == 403
    client.call("PUT", CONSENT)
    assert VoiceConsent.objects.count() == 2  # the first stays known, with its end
    assert VoiceConsent.objects.exclude(revoked_at=None).count() == 1


def test_the_consent_of_one_account_is_not_anothers(client: Client) -> None:
    client.call("PUT", CONSENT)

    assert not make_client(client.url).get(CONSENT).json()["agreed"]


@pytest.mark.parametrize(
    ("reference", "intervals", "expected"),
    [
        (spoken(seconds=2), [(0.0, 1.6)], "only 1.6 s of speech"),
        (spoken(seconds=14), [(0.0, 12.5)], "12.5 s of speech, which is too much"),
        (spoken(level=0.0), [], "silent"),
        (spoken(), [], "No speech was found"),
        (spoken(level=0.1, under=0.1), [(0.0, 5.0)], "Music or noise lies under the speech"),
        (spoken(seconds=31), [(0.0, 5.0)], "31 s long"),
    ],
    ids=["short", "long", "silent", "music", "music below", "long file"],
)
def test_a_reference_that_is_no_good_is_refused_with_what_was_measured(
    client: Client,
    inference: FakeInference,
    reference: bytes,
    intervals: list[tuple[float, float]],
    expected: str,
) -> None:
    inference.turns = turns(*intervals)

    answer = clone(client, reference, consent="true")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_reference")
    assert expected in answer.json()["error"]
    assert answer.json()["measured"]["duration"] > 0


def test_two_voices_are_refused(client: Client, inference: FakeInference) -> None:
    inference.voices = 2

    answer = clone(client, spoken(), consent="true")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_reference")
    assert answer.json()["measured"]["voices"] == 2


def test_a_reference_that_is_no_sound_is_refused(client: Client) -> None:
    answer = clone(client, b"this is no sound" * 100, consent="true")

    assert (answer.status_code, answer.json()["code"]) == (400, "not_audio")


def test_without_a_speaker_model_references_cannot_be_checked(
    client: Client, inference: FakeInference
) -> None:
    inference.find_turns_status = grpc.StatusCode.FAILED_PRECONDITION

    answer = clone(client, spoken(), consent="true")

    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")


@pytest.mark.parametrize("name", ["file", "voice"])
def test_a_file_under_another_name_is_refused(client: Client, name: str) -> None:
    answer = client.call(
        "POST", "/v1/tts", files={name: ("voice.wav", spoken())}, data={"text": "Hello."}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "missing_file")
    assert "“reference”" in answer.json()["error"]


def test_a_voice_and_a_reference_together_are_refused(client: Client) -> None:
    answer = clone(client, spoken(), voice="jf_alpha", consent="true")

    assert (answer.status_code, answer.json()["field"]) == (400, "voice")


def test_weights_that_forbid_commerce_are_not_used_where_payments_are_on(
    client: Client, voice: FakeVoice, settings: Settings
) -> None:
    voice.can_clone = voice.is_non_commercial = True
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = "sk_test"

    answer = clone(client, spoken(), consent="true")

    assert (answer.status_code, answer.json()["code"]) == (503, "licence_forbids")
