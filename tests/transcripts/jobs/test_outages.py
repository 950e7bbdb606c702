"""A database that goes away while a recording is worked on: on PostgreSQL its connection is cut."""

import errno
from collections.abc import Callable
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from accounts.models import User
from tests.billing.conftest import create_account
from tests.stt_web.world import create_enhancement, create_text_job, create_voice_job
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import run_transcript, update_transcripts
from transcripts.enhancement import run as enhancing
from transcripts.intelligence.text_jobs import run as writing
from transcripts.jobs.lease import Lease, LeaseEnd
from transcripts.jobs.outages import outages_outlasted
from transcripts.jobs.results import JobRun
from transcripts.jobs.run import run_stages
from transcripts.models import Status, Transcript
from transcripts.voices import run as speaking

pytestmark = pytest.mark.database


def lose_the_database(job: JobRun) -> None:
    if connection.vendor != "postgresql":
        raise OperationalError("database is locked")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lease, "wait", lambda self, _: self.check())


def read(transcript: Transcript) -> tuple[str, int]:
    transcript = Transcript.objects.get(pk=transcript.pk)
    return transcript.status, transcript.job.stalled_tries


def test_a_database_that_comes_and_goes_uses_up_no_try(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    transcript = make_transcript(seconds=2)
    for _ in range(settings.MAX_STALLED_TRIES + 2):
        run_stages(transcript.job_id, [lose_the_database])
        assert read(transcript) == (Status.QUEUED, 0)
    run_transcript(transcript.pk)
    assert read(transcript) == (Status.COMPLETED, 0)


def test_what_was_claimed_too_often_may_be_the_cause(make_transcript: MakeTranscript) -> None:
    transcript = make_transcript(seconds=2)
    update_transcripts(Transcript.objects.filter(pk=transcript.pk), attempt=50)
    run_stages(transcript.job_id, [lose_the_database])
    assert read(transcript) == (Status.QUEUED, 1)


def test_a_fault_of_ours_is_a_try(make_transcript: MakeTranscript) -> None:
    def break_down(job: JobRun) -> None:
        raise OperationalError("no such column")

    transcript = make_transcript(seconds=2)
    run_stages(transcript.job_id, [break_down])
    assert read(transcript) == (Status.QUEUED, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("module", "run", "create"),
    [
        (enhancing, enhancing.run_enhancement, create_enhancement),
        (speaking, speaking.run_voice_job, create_voice_job),
        (writing, writing.run_text_job, create_text_job),
    ],
)
def test_nor_of_any_other_work(
    module: ModuleType,
    run: Callable[[UUID], None],
    create: Callable[[User], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lose(*_: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(module, "_work", lose)
    owner = create_account(minutes=60).user
    assert owner is not None
    row = create(owner)
    type(row).objects.update(status=Status.QUEUED)
    for _ in range(settings.MAX_STALLED_TRIES + 2):
        caplog.clear()
        run(row.pk)
        row.refresh_from_db()
        assert (row.status, row.tries) == (Status.QUEUED, 0)
        assert caplog.text.count("event=outage") == 1
    assert row.attempt == settings.MAX_STALLED_TRIES + 2
    type(row).objects.update(attempt=50)
    run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.tries) == (Status.QUEUED, 1)  # it may be the cause


class GiveBack:
    """Fails so often, as the database does."""

    def __init__(self, *, failures: int, error: str = "database is locked") -> None:
        self.failures, self.error = failures, error
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise OperationalError(self.error)


def outlast(lease: Lease, give_back: GiveBack) -> None:
    with outages_outlasted(lease, give_back):
        raise OperationalError("the connection is lost")


def test_it_is_given_back_once_the_database_is_there_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    give_back = GiveBack(failures=3)
    outlast(Lease(uuid4(), 1), give_back)
    assert give_back.calls == 4
    assert caplog.text.count("event=outage") == 1  # however often it is tried meanwhile


def test_a_process_that_is_to_end_tries_once() -> None:
    lease, give_back = Lease(uuid4(), 1), GiveBack(failures=9)
    lease.end(LeaseEnd.RECALLED)
    outlast(lease, give_back)
    assert give_back.calls == 1


def test_what_another_worker_has_is_not_given_back() -> None:
    lease, give_back = Lease(uuid4(), 1), GiveBack(failures=9)
    lease.end(LeaseEnd.LOST)
    outlast(lease, give_back)
    assert give_back.calls == 0


def test_what_is_no_outage_is_raised() -> None:
    with pytest.raises(OperationalError, match="no such column"):
        outlast(Lease(uuid4(), 1), GiveBack(failures=1, error="no such column"))
    with (
        pytest.raises(ValueError, match="ours"),
        outages_outlasted(Lease(uuid4(), 1), GiveBack(failures=0)),
    ):
        raise ValueError("ours")


def test_a_full_disk_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Lease, "wait", lambda self, seconds: pauses.append(seconds))
    with outages_outlasted(Lease(uuid4(), 1), GiveBack(failures=0)):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert pauses == [30]
