"""From a queued row to a finished transcript, with a real gRPC server that misbehaves on cue."""

import threading
from collections.abc import Callable

import grpc
import pytest
from django.db import connection
from pytest_django import Settings

from billing.ledger import read_balance
from billing.models import Hold, HoldState
from tests.billing.conftest import create_account
from tests.e2e.processes import wait_until
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import claim_transcript, run_transcript, update_transcripts
from transcripts.jobs import lease as leases
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.models import Status, Transcript


def run(transcript: Transcript) -> Transcript:
    run_transcript(transcript.pk)
    transcript.refresh_from_db()
    return transcript


def texts(transcript: Transcript) -> list[str]:
    """The words; the segments that they are in are sentences."""
    rows = transcript.segments.order_by("position").values_list("text", flat=True)
    return [word for text in rows for word in text.split()]


def words(count: int) -> list[str]:
    return [f"w{second}" for second in range(count)]


def warning_codes(transcript: Transcript) -> list[str]:
    return [warning["code"] for warning in transcript.job.warnings]


def once_stored(
    transcript: Transcript, second: int, act: Callable[[], object]
) -> Callable[[int], object]:
    """A hook for a script: acts before it sends that second, when all before it is stored."""

    def stored_ms() -> int:
        return Transcript.objects.values_list("job__resume_ms", flat=True).get(pk=transcript.pk)

    def hook(number: int) -> None:
        if number == second:
            wait_until(lambda: stored_ms() >= second * 1000, what="the windows are stored")
            act()
            connection.close()  # this is a thread of the fake's

    return hook


def test_transcript_is_completed_and_charged(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)

    done = run(make_transcript(seconds=5, account=account))

    assert (done.status, done.job.warnings, done.job.error_code) == (Status.COMPLETED, [], "")
    assert texts(done) == words(5)
    assert (done.job.audio_duration_ms, done.job.resume_ms) == (5000, 5000)
    assert (done.job.model_used, done.job.engine, done.language) == ("tiny", "fake", "en")
    assert done.finished_at is not None
    assert read_balance(account).minutes_left == 59


def test_options_and_request_id_reach_the_service(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    run(
        make_transcript(
            seconds=1,
            model_requested="small",
            language_requested="cs",
            task="translate",
            prompt="Brno",
            hot_words=["Petrov"],
            diarize=True,
            queue="short",
            request_id="abc-1",
        )
    )

    config = fake.configs[0]
    assert (config.model, config.language, config.prompt) == ("small", "cs", "Brno")
    assert (config.task, config.priority) == (2, 2)
    assert list(config.hot_words) == ["Petrov"]
    assert config.with_speaker_turns
    assert config.expected_duration_ms == 1000
    assert fake.metadata[0]["x-request-id"] == "abc-1"


@pytest.mark.parametrize(
    "script",
    [
        Script(windows=2),
        Script(windows=2, status=grpc.StatusCode.RESOURCE_EXHAUSTED),
        Script(windows=2, status=grpc.StatusCode.INTERNAL),
        Script(windows=2, status=grpc.StatusCode.UNAUTHENTICATED),
        Script(windows=2, ends_early=True),
    ],
    ids=["unavailable", "full", "internal", "token", "ends-early"],
)
def test_work_goes_on_from_the_last_window_when_a_call_breaks_off(
    fake: FakeInference, make_transcript: MakeTranscript, script: Script
) -> None:
    fake.scripts = [script]

    done = run(make_transcript(seconds=5))

    assert done.status == Status.COMPLETED
    assert texts(done) == words(5)
    assert fake.offsets == [0, 2000]
    assert done.job.attempt == 1


def test_model_and_language_are_pinned_when_a_call_is_repeated(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(windows=1, language="cs"), Script(language="en")]

    done = run(make_transcript(seconds=3))

    assert (fake.configs[1].model, fake.configs[1].detected_language) == ("tiny", "cs")
    assert done.language == "cs"


def test_job_is_queued_again_when_nothing_moves(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.PROGRESS_DEADLINE_S = 4.0  # a decoder has to start within it, too
    fake.scripts = [Script(windows=1, hangs=True)]

    given_back = run(make_transcript(seconds=3))

    assert given_back.status == Status.QUEUED
    assert given_back.job.stalled_tries == 0  # a window came
    assert (given_back.job.lease_owner, given_back.job.lease_expires_at) == ("", None)
    assert fake.calls_ended.acquire(timeout=5)  # the hanging call was cancelled
    assert texts(run(given_back)) == words(3)


def test_job_fails_without_charge_when_every_try_stalls(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    settings.PROGRESS_DEADLINE_S, settings.MAX_STALLED_TRIES = 0.3, 2
    account = create_account(minutes=60)
    transcript = make_transcript(account=account)
    fake.scripts = [Script(windows=0)] * 100

    assert run(transcript).status == Status.QUEUED
    assert run(transcript).status == Status.FAILED

    assert transcript.job.error_code == "inference_unavailable"
    assert transcript.job.error_message.endswith(".")
    assert read_balance(account).minutes_left == 60


def test_try_ends_when_the_service_breaks_on_the_same_audio_again_and_again(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    fake.scripts = [Script(windows=0, status=grpc.StatusCode.INTERNAL)] * 10

    given_back = run(make_transcript(seconds=3))

    assert (given_back.status, given_back.job.stalled_tries) == (Status.QUEUED, 1)
    assert len(fake.configs) < 10


def test_window_that_comes_twice_is_stored_once(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(repeats_windows=True)]

    done = run(make_transcript(seconds=3))

    assert (done.status, texts(done)) == (Status.COMPLETED, words(3))
    assert fake.offsets == [0, 1000]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.NOT_FOUND, "not_installed"),
        (grpc.StatusCode.FAILED_PRECONDITION, "language_not_supported"),
    ],
)
def test_job_fails_at_once_where_another_try_cannot_help(
    fake: FakeInference, make_transcript: MakeTranscript, status: grpc.StatusCode, code: str
) -> None:
    account = create_account(minutes=60)
    fake.scripts = [Script(windows=0, status=status)]

    failed = run(make_transcript(account=account))

    assert (failed.status, failed.job.error_code) == (Status.FAILED, code)
    assert len(fake.configs) == 1
    assert read_balance(account).minutes_left == 60


def test_recording_that_is_no_audio_fails_with_its_code(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    transcript = make_transcript()
    (settings.MEDIA_ROOT / transcript.recording.path).write_bytes(b"no audio at all " * 100)

    failed = run(transcript)

    assert failed.status == Status.FAILED
    assert failed.job.error_code == "not_audio"


def test_silent_recording_is_completed_with_a_note(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(is_silent=True, language="", detects=False)]

    done = run(make_transcript(seconds=3))

    assert (done.status, texts(done)) == (Status.COMPLETED, [])
    assert warning_codes(done) == ["no_speech"]
    assert done.job.resume_ms == 3000


def test_language_that_could_not_be_detected_is_reported(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(detects=False)]

    done = run(make_transcript(seconds=1))

    assert done.status == Status.COMPLETED
    assert warning_codes(done) == ["language_not_detected"]


def test_hold_is_extended_when_the_recording_runs_longer_than_probed(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)

    done = run(make_transcript(seconds=130, probed_ms=1000, account=account))

    assert (done.status, done.job.audio_duration_ms) == (Status.COMPLETED, 130_000)
    assert read_balance(account).minutes_left == 57


def test_transcription_stops_where_the_credits_end(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=2)

    done = run(make_transcript(seconds=130, probed_ms=1000, account=account))

    assert done.status == Status.COMPLETED_WITH_WARNINGS
    assert warning_codes(done) == ["credits_ran_out"]
    assert done.job.audio_duration_ms == 120_000
    assert texts(done) == words(120)
    assert read_balance(account).minutes_left == 0


def test_second_message_does_nothing_while_the_first_is_worked_on(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    transcript = make_transcript(seconds=2)
    again = once_stored(transcript, 1, lambda: run_transcript(transcript.pk))
    fake.scripts = [Script(before_window=again)]

    done = run(transcript)

    assert (done.job.attempt, texts(done)) == (1, words(2))
    assert len(fake.configs) == 1


def test_stale_worker_writes_nothing_when_another_took_over(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    """As after SIGSTOP: the lease ran out, another worker finished; then the first wakes up."""
    settings.HEARTBEAT_S = 60.0  # the frozen process does not notice by its timer either
    transcript = make_transcript(seconds=4)

    taken_over = threading.Event()

    def take_over() -> None:
        update_transcripts(Transcript.objects.filter(pk=transcript.pk), status=Status.QUEUED)
        run_transcript(transcript.pk)
        taken_over.set()

    fake.scripts = [Script(before_window=once_stored(transcript, 2, take_over))]

    run_transcript(transcript.pk)
    assert taken_over.wait(10)
    done = run(transcript)

    assert fake.offsets == [0, 2000]
    assert (done.job.attempt, done.status) == (2, Status.COMPLETED)
    assert texts(done) == words(4)
    assert done.job.windows.count() == 4


def test_worker_leaves_at_its_heartbeat_when_its_lease_is_lost(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    transcript = make_transcript(seconds=4)
    fake.scripts = [
        Script(
            windows=2,
            hangs=True,
            before_window=once_stored(transcript, 2, lambda: cancel_transcript(transcript)),
        )
    ]

    assert run(transcript).status == Status.CANCELLED
    assert fake.calls_ended.acquire(timeout=5)


def test_recalled_job_is_queued_again_and_the_try_is_not_counted(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    heartbeat = leases.LeaseHeartbeat()
    transcript = make_transcript(seconds=4)
    claimed = claim_transcript(transcript.pk)
    assert claimed is not None
    lease, row = claimed
    woken = threading.Event()

    with heartbeat.hold(lease), lease.guard(woken.set):
        heartbeat.recall_all()
        assert woken.wait(5)
        with pytest.raises(leases.WorkStoppedError):
            lease.check()
    leases.release_lease(lease, row, counts_as_try=False)

    transcript.refresh_from_db()
    assert (transcript.status, transcript.job.stalled_tries) == (Status.QUEUED, 0)


def test_cancelled_job_costs_what_was_transcribed_once_text_was_delivered(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    transcript = make_transcript(seconds=130, account=account)
    fake.scripts = [
        Script(before_window=once_stored(transcript, 70, lambda: cancel_transcript(transcript)))
    ]

    cancelled = run(transcript)

    assert cancelled.status == Status.CANCELLED
    assert texts(cancelled) == words(70)
    assert read_balance(account).minutes_left == 58
    assert not cancel_transcript(transcript)  # again: nothing
    assert read_balance(account).minutes_left == 58


def test_queued_job_costs_nothing_when_cancelled(make_transcript: MakeTranscript) -> None:
    account = create_account(minutes=60)
    transcript = make_transcript(account=account)

    assert cancel_transcript(transcript)

    assert read_balance(account).minutes_left == 60
    assert Hold.objects.get(reference=str(transcript.pk)).state == HoldState.RELEASED


def test_recording_and_rows_are_deleted_when_deleted_at_work(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    transcript = make_transcript(seconds=4)
    fake.scripts = [
        Script(before_window=once_stored(transcript, 2, lambda: delete_transcript(transcript)))
    ]

    run_transcript(transcript.pk)
    delete_transcript(transcript)  # again: nothing

    assert not Transcript.objects.filter(pk=transcript.pk).exists()
    assert list(settings.MEDIA_ROOT.iterdir()) == []


def test_anonymous_recording_is_deleted_once_it_is_transcribed(
    fake: FakeInference, make_transcript: MakeTranscript, settings: Settings
) -> None:
    done = run(make_transcript(seconds=2, is_anonymous=True))

    assert (done.status, texts(done)) == (Status.COMPLETED, words(2))
    assert done.recording.path == ""
    assert list(settings.MEDIA_ROOT.iterdir()) == []


def test_segments_get_their_speakers_at_the_end(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(windows=2)]

    done = run(make_transcript(seconds=3, diarize=True, speakers_requested=2))

    assert done.status == Status.COMPLETED
    labels = done.segments.order_by("position").values_list("text", "speaker__label")
    assert list(labels) == [("w0", "Speaker 1"), ("w1", "Speaker 2"), ("w2", "Speaker 1")]
    request = fake.diarized[0]
    assert (request.embedder, request.speakers, len(request.turns)) == ("fake-voices", 2, 3)
    assert done.job.embedder == "fake-voices"


def test_fewer_speakers_than_were_asked_for_are_reported_with_a_warning(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(windows=2)]

    done = run(make_transcript(seconds=3, diarize=True, speakers_requested=7))

    assert done.status == Status.COMPLETED
    assert warning_codes(done) == ["fewer_speakers"]
    assert "7 speakers" in done.job.warnings[0]["message"]
    assert "only 2" in done.job.warnings[0]["message"]


def test_without_a_speaker_model_there_are_no_labels_and_a_warning_that_states_what_to_install(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(embedder="")]

    done = run(make_transcript(seconds=2, diarize=True))

    assert done.status == Status.COMPLETED_WITH_WARNINGS
    assert warning_codes(done) == ["speakers_not_installed"]
    assert "pull campplus" in done.job.warnings[0]["message"]
    assert not fake.diarized
    assert not done.speakers.exists()
    assert not done.segments.exclude(speaker=None).exists()


def test_guests_leave_no_embeddings_behind(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    done = run(make_transcript(seconds=2, diarize=True, is_anonymous=True))

    assert done.status == Status.COMPLETED
    assert done.speakers.count() == 2
    assert "embedding" not in str(list(done.job.windows.values_list("speaker_turns", flat=True)))
    assert done.job.embeddings_deleted_at is not None


def test_text_is_stored_with_a_warning_when_the_speakers_stage_fails(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    fake.diarize_status = grpc.StatusCode.INVALID_ARGUMENT

    done = run(make_transcript(seconds=3, diarize=True, account=account))

    assert done.status == Status.COMPLETED_WITH_WARNINGS
    assert warning_codes(done) == ["speakers_failed"]
    assert texts(done) == words(3)
    assert read_balance(account).minutes_left == 59


def test_speakers_are_not_separated_by_two_embedders(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(windows=1), Script(embedder="other-voices")]

    done = run(make_transcript(seconds=3, diarize=True))

    assert warning_codes(done) == ["speakers_failed"]
    assert texts(done) == words(3)
    assert fake.diarized == []


def test_segments_have_no_speaker_where_none_was_asked_for(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    done = run(make_transcript(seconds=2, diarize=False))

    assert fake.diarized == []
    assert not done.speakers.exists()
    assert not done.segments.exclude(speaker=None).exists()


SPOKEN = ("We", "went", "home.", "It", "was", "late.")


def test_windows_become_sentences_at_the_end(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(words=SPOKEN)]

    done = run(make_transcript(seconds=6))

    rows = done.segments.order_by("position").values_list("text", "start_ms", "end_ms")
    assert list(rows) == [("We went home.", 0, 2700), ("It was late.", 3000, 5700)]
    assert not done.speakers.exists()


def test_sentences_hold_one_speaker_each(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(words=SPOKEN)]

    done = run(make_transcript(seconds=6, diarize=True, speakers_requested=2))

    rows = done.segments.order_by("position").values_list("text", "speaker__label")
    assert [text for text, _ in rows] == list(SPOKEN)
    assert [label for _, label in rows] == ["Speaker 1", "Speaker 2"] * 3


def test_a_resumed_job_has_the_same_sentences(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    fake.scripts = [Script(words=SPOKEN, windows=2), Script(words=SPOKEN)]

    done = run(make_transcript(seconds=6))

    texts_in_order = done.segments.order_by("position").values_list("text", flat=True)
    assert list(texts_in_order) == ["We went home.", "It was late."]
