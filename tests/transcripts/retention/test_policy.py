"""Recordings and transcripts are deleted when the account asked for it, and only then."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import run_transcript
from tests.transcripts.served_api import (
    Client,
    Worker,
    client,
    guest,
    inference,
    make_client,
    server,
    worker,
)
from transcripts.jobs.models import Window
from transcripts.models import Status, Transcript
from transcripts.retention.policy import apply_retention, write_policy

__all__ = ["client", "guest", "inference", "server", "worker"]  # fixtures
PATH = "/api/v1/retention/"


def make_finished(client: Client, *, days_ago: float, **fields: Any) -> Transcript:
    finished_at = timezone.now() - timedelta(days=days_ago)
    transcript = make(client, finished_at=finished_at, **fields)
    transcript.recording.path = f"{transcript.pk.hex}/recording"
    transcript.recording.save()
    path = recording_of(transcript)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"audio")
    return transcript


def recording_of(transcript: Transcript) -> Path:
    return Path(settings.MEDIA_ROOT) / f"{transcript.pk.hex}/recording"


def test_audio_goes_after_its_days_and_the_transcript_shows_it(client: Client) -> None:
    old, new = make_finished(client, days_ago=8), make_finished(client, days_ago=6)
    write_policy(client.user, audio_days=7, transcript_days=None)

    apply_retention()
    apply_retention()

    assert [recording_of(row).exists() for row in (old, new)] == [False, True]
    assert client.get(path_of(old)).json()["audio_deleted_at"] is not None
    assert client.get(path_of(new)).json()["audio_deleted_at"] is None


def test_transcripts_go_with_everything(client: Client) -> None:
    old, new = make_finished(client, days_ago=31), make_finished(client, days_ago=29)
    write_policy(client.user, audio_days=None, transcript_days=30)

    apply_retention()

    assert list(Transcript.objects.all()) == [new]
    assert [recording_of(row).exists() for row in (old, new)] == [False, True]


def test_what_is_worked_on_and_what_is_anothers_stays(client: Client, guest: Client) -> None:
    make_finished(client, days_ago=99, status=Status.PROCESSING)
    make_finished(make_client(guest.url), days_ago=99)
    write_policy(client.user, audio_days=0, transcript_days=1)

    apply_retention()

    assert Transcript.objects.exclude(recording__path="").count() == 2


def test_audio_that_is_not_to_be_stored_is_deleted_when_the_text_is_there(
    client: Client, worker: Worker
) -> None:
    client.call("PUT", PATH, json={"audio_days": 0, "transcript_days": None})

    transcript_id = client.transcribe().json()["id"]
    worker.stop()

    row = Transcript.objects.get(pk=transcript_id)
    assert (row.recording.path, row.recording.audio_deleted_at is None) == ("", False)


def test_the_policy_is_read_and_written(client: Client, guest: Client) -> None:
    nothing = client.get(PATH).json()
    sent = {"audio_days": 14, "transcript_days": 365, "embedding_days": 7}

    written = client.call("PUT", PATH, json=sent)

    assert nothing == {"audio_days": None, "transcript_days": None, "embedding_days": None}
    assert (written.status_code, written.json()) == (200, sent)
    assert client.get(PATH).json() == sent
    assert guest.get(PATH).status_code == 401
    assert client.call("POST", PATH, json=sent).status_code == 405
    assert make_client(guest.url).get(PATH).json() == nothing


@pytest.mark.parametrize(
    "body",
    [
        {"audio_days": -1, "transcript_days": None},
        {"audio_days": None, "transcript_days": 0},
        {"audio_days": "long", "transcript_days": None},
        {"audio_days": 1},
    ],
)
def test_a_policy_that_cannot_be_is_refused(client: Client, body: dict[str, Any]) -> None:
    answer = client.call("PUT", PATH, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


def make_voiced(client: Client, *, days_ago: float, **fields: Any) -> Transcript:
    transcript = make_finished(client, days_ago=days_ago, embedder="fake-voices", **fields)
    turn = {"start_ms": 0, "end_ms": 900, "overlap": 0.0, "embedding": "AACAPwAAgD8="}
    Window.objects.create(job=transcript.job, start_ms=0, end_ms=1000, speaker_turns=[turn])
    return transcript


def has_embeddings(transcript: Transcript) -> bool:
    return "embedding" in transcript.job.windows.get().speaker_turns[0]


def test_embeddings_go_after_the_servers_days_and_turns_retain_their_times(
    client: Client, settings: Any
) -> None:
    settings.EMBEDDING_DAYS = 30
    old, new = make_voiced(client, days_ago=31), make_voiced(client, days_ago=29)

    apply_retention()
    apply_retention()

    assert [has_embeddings(row) for row in (old, new)] == [False, True]
    assert old.job.windows.get().speaker_turns == [{"start_ms": 0, "end_ms": 900, "overlap": 0.0}]
    old.refresh_from_db()
    assert old.job.embeddings_deleted_at is not None
    assert recording_of(old).exists()


@pytest.mark.parametrize(("own_days", "is_retained"), [(7, False), (365, True)])
def test_an_account_may_store_embeddings_shorter_or_longer(
    client: Client, settings: Any, own_days: int, is_retained: bool
) -> None:
    settings.EMBEDDING_DAYS = 5 if is_retained else 30
    voiced = make_voiced(client, days_ago=10)
    write_policy(client.user, audio_days=None, transcript_days=None, embedding_days=own_days)

    apply_retention()

    assert has_embeddings(voiced) is is_retained


@pytest.mark.parametrize("own_days", [None, 365])
def test_embeddings_go_with_the_audio_unless_the_account_asked_otherwise(
    client: Client, own_days: int | None
) -> None:
    voiced = make_voiced(client, days_ago=10)
    write_policy(client.user, audio_days=7, transcript_days=None, embedding_days=own_days)

    apply_retention()

    assert not recording_of(voiced).exists()
    assert has_embeddings(voiced) is (own_days is not None)


def test_zero_days_store_no_embeddings_after_the_job(
    make_transcript: MakeTranscript, fake: FakeInference, settings: Any
) -> None:
    settings.EMBEDDING_DAYS = 0
    transcript = make_transcript(seconds=2, diarize=True)

    run_transcript(transcript.pk)

    assert transcript.speakers.count() == 2
    assert "embedding" not in str(
        list(transcript.job.windows.values_list("speaker_turns", flat=True))
    )


def test_a_sweep_reads_each_transcript_without_voices_once(client: Client) -> None:
    for _ in range(3):
        make_finished(client, days_ago=40, embedder="fake-voices")
    apply_retention()
    with CaptureQueriesContext(connection) as queries:
        apply_retention()
    assert not [query for query in queries if "transcripts_window" in query["sql"]]
