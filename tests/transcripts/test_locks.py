"""Opposite verbs on one transcript at once: none waits for another for ever, none is half done."""

from collections.abc import Callable
from itertools import combinations

import pytest

from billing.ledger import read_balance
from billing.models import BillingAccount, Hold, HoldState
from stt_web.core.errors import ApiError
from tests.billing.conftest import create_account, run_together
from tests.transcripts.conftest import MakeTranscript, make_transcript
from tests.transcripts.rows import claim_transcript
from transcripts.editing.draft import Editing
from transcripts.editing.edits import describe
from transcripts.inference.results import WindowResult
from transcripts.jobs.cancel import cancel_transcript, delete_transcript
from transcripts.jobs.lease import LeaseLostError, release_lease
from transcripts.jobs.pcm_feed import HoldExtender
from transcripts.jobs.results import JobRun, open_job, store_window, write_fenced
from transcripts.jobs.stages.finalize import fail, finalize
from transcripts.models import OPEN_STATUSES, Status, Transcript
from transcripts.text.segments import Segment as TextSegment
from transcripts.text.words import Word

__all__ = ["make_transcript"]  # fixtures

pytestmark = pytest.mark.database
WORD = Word("hello", 0, 900, 0.9, False)
SEGMENT = TextSegment(0, 900, "hello", (WORD,), 0.9, -0.1, 1.0, 0.0, 0.0)


def store(job: JobRun) -> None:
    for second in range(1, 6):
        store_window(job, WindowResult(second * 1000, (second + 1) * 1000, (SEGMENT,)))


def finish(job: JobRun) -> None:
    write_fenced(job, audio_duration_ms=1000)
    finalize(job)


def extend(job: JobRun) -> None:
    HoldExtender(job.lease, job.row, held_for_ms=0, reuses_connection=True).cover(5 * 60_000)


def rename(job: JobRun) -> None:
    transcript = Transcript.objects.get(pk=job.transcript.pk)
    describe(Editing(transcript, transcript.owner), title="Another")


VERBS: dict[str, Callable[[JobRun], object]] = {
    "store": store,
    "finish": finish,
    "fail": lambda job: fail(job, code="x", message="It failed."),
    "give back": lambda job: release_lease(job.lease, job.row, counts_as_try=False),
    "extend": extend,
    "cancel": lambda job: cancel_transcript(Transcript.objects.get(pk=job.transcript.pk)),
    "delete": lambda job: delete_transcript(Transcript.objects.get(pk=job.transcript.pk)),
    "rename": rename,
}


@pytest.mark.parametrize(("one", "other"), list(combinations(VERBS, 2)))
def test_two_verbs_at_once_leave_one_truth(
    make_transcript: MakeTranscript, one: str, other: str
) -> None:
    account = create_account(minutes=60)
    transcript = make_transcript(account=account)
    claimed = claim_transcript(transcript.pk)
    assert claimed is not None
    job = open_job(*claimed)
    store_window(job, WindowResult(0, 1000, (SEGMENT,)))

    run_together(lambda: act(job, one), lambda: act(job, other))

    check(transcript, account)


def act(job: JobRun, verb: str) -> None:
    """A worker that lost its lease, and a row that was deleted, are expected ends."""
    lease, row = job.lease, type(job.row).objects.select_related("transcript__owner")
    found = row.filter(pk=job.row.pk).first()
    if found is None:
        return
    try:
        VERBS[verb](JobRun(lease=lease, row=found, next_position=1, has_text=True))
    except (LeaseLostError, ApiError, Transcript.DoesNotExist):
        return


def check(transcript: Transcript, account: BillingAccount) -> None:
    """The transcript's status is its first job's; what is held is what an open job holds."""
    held = Hold.objects.get(reference=str(transcript.pk)).state == HoldState.HELD
    left = Transcript.objects.filter(pk=transcript.pk).first()
    if left is None:
        assert not held
        return
    assert left.status == left.job.status
    assert held is (left.status in OPEN_STATUSES)
    if left.status in (Status.FAILED, Status.COMPLETED):
        charged = 60 - read_balance(account).minutes_left
        assert charged == left.credits_charged == left.job.credits_charged
