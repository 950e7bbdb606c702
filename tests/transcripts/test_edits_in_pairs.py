"""A person's edit, and what else changes or reads the text then, round after round: the person's
text wins, and nothing is left that contradicts it.

Run on PostgreSQL (STT_TEST_DATABASE) and SQLite.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync

from accounts.services.account_deletion import close_account, delete_closed_accounts
from billing.models import BillingAccount
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.jobs.test_lease import WINDOW
from tests.transcripts.meeting import ROUNDS, begin, check_agreement, edit, finished, meet
from transcripts.editing.align_edits import align_edit
from transcripts.editing.models import EditAlignment
from transcripts.exports.archive import write_archive
from transcripts.exports.options import ExportOptions
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.lease import claim_job
from transcripts.jobs.results import JobRun, open_job, store_window, write_fenced
from transcripts.jobs.second_pass import order_second_pass
from transcripts.jobs.stages.finalize import finalize
from transcripts.models import Revision, Segment, Transcript
from transcripts.text.segments import Segment as TextSegment
from transcripts.text.words import ALIGNED, Word
from transcripts.webhooks import endpoints
from transcripts.webhooks.delivery import claim_due
from transcripts.webhooks.models import WebhookDelivery

pytestmark = pytest.mark.database


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    return create_account(minutes=100_000)


@pytest.fixture(autouse=True)
def agrees(transactional_db: None) -> Iterator[None]:
    yield
    check_agreement()


def begin_second_pass(transcript: Transcript) -> JobRun:
    """Its text is `WINDOW`'s once more."""
    row = order_second_pass(transcript, transcript.job.options)
    claimed = claim_job(row.pk)
    assert claimed is not None
    job = open_job(*claimed)
    store_window(job, WINDOW)
    write_fenced(job, audio_duration_ms=transcript.recording.probed_ms)
    return job


def test_edit_and_second_pass(account: BillingAccount, make_transcript: MakeTranscript) -> None:
    for number in range(ROUNDS):
        transcript = finished(make_transcript, account)
        before = transcript.job_id
        job = begin_second_pass(transcript)
        _, outcome = meet(partial(finalize, job), edit(transcript, f"corrected {number}"))
        transcript.refresh_from_db()
        text = transcript.segments.get().text
        if isinstance(outcome, Exception):  # the pass came first: what was edited is gone
            assert transcript.job_id == job.row.pk
            continue
        assert text == f"corrected {number}"
        assert transcript.is_corrected
        if transcript.job_id == before:
            assert [each["code"] for each in transcript.job.warnings] == ["second_pass_failed"]


def test_edit_and_alignment_of_the_edit_before(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    def align(_: Transcript, segment: TextSegment) -> tuple[Word, ...]:
        return tuple(replace(word, timing=ALIGNED) for word in segment.words)

    for number in range(ROUNDS):
        transcript = finished(make_transcript, account)
        edit(transcript, f"first words {number}")()
        transcript.refresh_from_db()
        row = EditAlignment.objects.create(
            transcript=transcript,
            segment_key=transcript.segments.get().key,
            revision=transcript.revision,
            enqueued_at=transcript.created_at,
        )
        meet(
            partial(align_edit, row.pk, align=align),
            edit(transcript, f"second text {number}"),
        )
        segment = Segment.objects.get(transcript=transcript)
        assert segment.text == f"second text {number}"
        assert " ".join(word["word"].strip() for word in segment.words) == segment.text
        last = Revision.objects.filter(transcript=transcript).latest("number")
        after = last.changes["segments"][segment.key]["after"]
        assert after["text"] == segment.text
        row.refresh_from_db()
        assert row.finished_at is not None


def test_delete_and_archive(account: BillingAccount, make_transcript: MakeTranscript) -> None:
    async def read(ids: list[UUID]) -> bytes:
        chunks = [chunk async for chunk in write_archive(ids, "txt", ExportOptions())]
        return b"".join(chunks)

    for _ in range(ROUNDS):
        retained, deleted = (finished(make_transcript, account) for _ in range(2))
        written, _ = meet(
            partial(async_to_sync(read), [deleted.pk, retained.pk]),
            partial(delete_transcript, deleted),
        )
        assert isinstance(written, bytes)
        with zipfile.ZipFile(io.BytesIO(written)) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
        # Whole and of both, or without the deleted one, which the last file then names.
        assert len(names) == 2
        assert not Transcript.objects.filter(pk=deleted.pk).exists()
        delete_transcript(retained)


def test_account_closed_and_job_and_delivery(make_transcript: MakeTranscript) -> None:
    for _ in range(ROUNDS):
        account = create_account(minutes=100)
        user = account.user
        assert user is not None
        endpoints.create_endpoint(user, url="https://example.com/hook")
        transcript = make_transcript(seconds=1, account=account)
        job = begin(transcript)
        meet(partial(finalize, job), partial(close_account, user), lambda: claim_due(limit=5))
        assert claim_due(limit=5) == []
        delete_closed_accounts()
        assert not Transcript.objects.filter(pk=transcript.pk).exists()
        assert not WebhookDelivery.objects.exists()
