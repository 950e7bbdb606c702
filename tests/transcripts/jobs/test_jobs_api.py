"""Further jobs of a transcript: another model, other speakers; whose text wins; what they cost."""

import uuid

import grpc
import pytest

from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, make_client, wav
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.jobs.requeue import RequeueRefusedError, requeue_job
from transcripts.models import Status, Transcript
from transcripts.pipeline import run_job
from transcripts.services.recordings import detach_recording

pytestmark = pytest.mark.database


def transcribe(client: Client, inference: FakeInference, **fields: str) -> str:
    """Return the id of a finished transcript of three seconds."""
    answer = client.transcribe(wav(seconds=3), is_async=True, **fields)
    assert answer.status_code == 202, answer.text
    transcript_id = str(answer.json()["id"])
    run_job(Transcript.objects.get(pk=transcript_id).job_id)
    assert read(client, transcript_id)["status"] == Status.COMPLETED
    return transcript_id


def read(client: Client, transcript_id: str) -> dict[str, object]:
    body: dict[str, object] = client.call("GET", f"/api/v1/transcripts/{transcript_id}/").json()
    return body


def order(client: Client, transcript_id: str, **options: object) -> str:
    answer = client.call("POST", f"/api/v1/transcripts/{transcript_id}/jobs/", json=options)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def run(job_id: str) -> TranscriptionJob:
    run_job(uuid.UUID(job_id))
    return TranscriptionJob.objects.get(pk=job_id)


def words_of(client: Client, transcript_id: str) -> list[str]:
    return str(read(client, transcript_id)["text"]).split()


def test_another_models_text_becomes_a_revision_and_is_charged_like_an_upload(
    client: Client, inference: FakeInference
) -> None:
    transcript_id = transcribe(client, inference)
    before = read(client, transcript_id)
    inference.scripts.append(Script(model="large"))

    job_id = order(client, transcript_id, model="large-v3-turbo", speakers=2)
    while_it_waits = read(client, transcript_id)
    job = run(job_id)

    after = read(client, transcript_id)
    assert (while_it_waits["status"], while_it_waits["revision"]) == (Status.COMPLETED, 0)
    assert (after["status"], after["revision"], after["model"]) == (Status.COMPLETED, 1, "large")
    assert (after["created_at"], after["finished_at"]) == (
        before["created_at"],
        before["finished_at"],
    )
    assert (before["credits_charged"], after["credits_charged"], job.credits_charged) == (1, 2, 1)
    restored = client.call("POST", f"/api/v1/transcripts/{transcript_id}/revisions/0/restore/")
    assert restored.status_code == 200, restored.text


def test_jobs_are_listed_with_the_one_whose_text_it_is(
    client: Client, inference: FakeInference
) -> None:
    transcript_id = transcribe(client, inference)
    job_id = order(client, transcript_id)
    path = f"/api/v1/transcripts/{transcript_id}/jobs/"

    def shown() -> list[tuple[str, str, bool]]:
        rows = client.call("GET", path).json()
        return [(row["kind"], row["status"], row["is_current"]) for row in rows]

    assert shown() == [("file", "completed", True), ("second_pass", "queued", False)]
    run(job_id)
    assert shown() == [("file", "completed", False), ("second_pass", "completed", True)]
    assert client.call("GET", f"{path}{job_id}/").json()["is_current"] is True


def test_what_is_found_on_the_way_is_not_in_the_transcript(
    client: Client, inference: FakeInference
) -> None:
    transcript_id = transcribe(client, inference)
    job_id = order(client, transcript_id)

    claimed = TranscriptionJob.objects.get(pk=job_id)
    assert claimed.segments.count() == 0
    before = words_of(client, transcript_id)
    transcript = Transcript.objects.get(pk=transcript_id)
    position = {"position": 0, "start_ms": 0, "end_ms": 500, "text": "ghost", "confidence": 1}
    claimed.segments.create(**position)
    claimed.gaps.create(start_ms=0, end_ms=9000, reason="repetition")

    assert words_of(client, transcript_id) == before
    assert not transcript.gaps.exists()
    exported = client.get(f"/api/v1/transcripts/{transcript_id}/export/txt/").text
    assert "ghost" not in exported


def test_a_correction_made_in_between_wins_and_nothing_is_charged(
    client: Client, inference: FakeInference
) -> None:
    transcript_id = transcribe(client, inference)
    job_id = order(client, transcript_id)
    segments = f"/api/v1/transcripts/{transcript_id}/segments/"
    [segment, *_] = client.call("GET", segments).json()["results"]
    edited = client.call("PATCH", f"{segments}{segment['id']}/", json={"text": "Mine"})
    assert edited.status_code == 200, edited.text

    job = run(job_id)

    after = read(client, transcript_id)
    assert (after["revision"], words_of(client, transcript_id)[0]) == (1, "Mine")
    assert (job.error_code, job.credits_charged, after["credits_charged"]) == ("not_applied", 0, 1)
    assert [each["code"] for each in after["warnings"]] == ["second_pass_failed"]  # type: ignore[attr-defined]
    assert after["status"] == Status.COMPLETED


@pytest.mark.parametrize("reason", ["corrected", "named", "open", "no_recording"])
def test_a_second_pass_that_could_not_be_used_is_refused(
    client: Client, inference: FakeInference, reason: str
) -> None:
    transcript_id = transcribe(client, inference)
    transcript = Transcript.objects.get(pk=transcript_id)
    if reason == "corrected":
        update_transcripts(Transcript.objects.filter(pk=transcript_id), is_corrected=True)
    elif reason == "named":
        transcript.speakers.update(display_name="Eva")
    elif reason == "open":
        order(client, transcript_id)
    else:
        detach_recording(transcript)
    jobs = transcript.jobs.count()

    answer = client.call("POST", f"/api/v1/transcripts/{transcript_id}/jobs/", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "second_pass_refused")
    assert transcript.jobs.count() == jobs


def test_a_cancelled_second_pass_leaves_the_transcript_and_is_free(
    client: Client, inference: FakeInference
) -> None:
    transcript_id = transcribe(client, inference)
    job_id = order(client, transcript_id)

    answer = client.call("DELETE", f"/api/v1/transcripts/{transcript_id}/jobs/{job_id}/")

    assert answer.status_code == 204
    after = read(client, transcript_id)
    assert (after["status"], after["credits_charged"]) == (Status.COMPLETED, 1)
    assert run(job_id).status == Status.CANCELLED


def test_a_second_pass_that_failed_is_over(client: Client, inference: FakeInference) -> None:
    transcript_id = transcribe(client, inference)
    inference.scripts.append(Script(windows=1, status=grpc.StatusCode.NOT_FOUND))
    job = run(order(client, transcript_id))

    assert (job.status, job.credits_charged) == (Status.FAILED, 0)
    assert not job.segments.exists()
    with pytest.raises(RequeueRefusedError):
        requeue_job(TranscriptionJob.objects.select_related("transcript__owner").get(pk=job.pk))
    after = read(client, transcript_id)
    assert (after["status"], after["error"]) == (Status.COMPLETED, None)
    order(client, transcript_id)


def test_anothers_jobs_are_not_found(client: Client, inference: FakeInference) -> None:
    transcript_id = transcribe(client, inference)
    job = TranscriptionJob.objects.get(transcript=uuid.UUID(transcript_id), kind=JobKind.FILE)
    stranger = make_client(client.url)
    path = f"/api/v1/transcripts/{transcript_id}/jobs/"

    found = [
        stranger.call(method, address, json={}).status_code
        for method, address in (
            ("GET", path),
            ("POST", path),
            ("GET", f"{path}{job.pk}/"),
            ("DELETE", f"{path}{job.pk}/"),
        )
    ]
    assert found == [404, 404, 404, 404]


def test_deleting_the_transcript_ends_its_second_pass(
    client: Client, inference: FakeInference
) -> None:
    transcript_id = transcribe(client, inference)
    job_id = order(client, transcript_id)

    client.call("DELETE", f"/api/v1/transcripts/{transcript_id}/")

    run_job(uuid.UUID(job_id))
    assert not TranscriptionJob.objects.exists()
