"""A person's edit, and what else changes or reads the text then, round after round: the person's
text wins, and nothing is left that contradicts it.

Run on PostgreSQL (STT_TEST_DATABASE) and SQLite.
"""

import base64
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
from tests.transcripts.conftest import MakeTranscript, write_wav
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.jobs.test_lease import WINDOW
from tests.transcripts.meeting import ROUNDS, begin, check_agreement, edit, finished, meet
from transcripts.diarization.recount import Recounted, recount_speakers
from transcripts.editing.align_edits import align_edit
from transcripts.editing.draft import Editing
from transcripts.editing.models import EditAlignment
from transcripts.exports.archive import write_archive
from transcripts.exports.options import ExportOptions
from transcripts.gaps.actions import retry_gap
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.lease import claim_job
from transcripts.jobs.results import JobRun, open_job, store_window, write_fenced
from transcripts.jobs.second_pass import order_second_pass
from transcripts.jobs.stages.finalize import finalize
from transcripts.models import Gap, Revision, Segment, Transcript, Window
from transcripts.services.recordings import recording_path
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


def test_edit_and_recount(
    account: BillingAccount, make_transcript: MakeTranscript, fake: FakeInference
) -> None:
    """The speakers are counted of whichever text there is; the person's text stays."""
    voice = base64.b64encode(bytes(8)).decode()
    turn = {"start_ms": 0, "end_ms": 1000, "overlap": 0.0, "embedding": voice}
    for number in range(ROUNDS):
        transcript = finished(make_transcript, account)
        Window.objects.update_or_create(
            job=transcript.job, start_ms=0, defaults={"end_ms": 1000, "speaker_turns": [turn]}
        )
        counted, _ = meet(
            partial(recount_speakers, Editing(transcript, transcript.owner), speakers=1),
            edit(transcript, f"edited {number}"),
        )
        assert isinstance(counted, Recounted)
        segment = transcript.segments.get()
        assert segment.text == f"edited {number}"
        assert segment.speaker is not None
        assert len(revision_numbers(transcript)) == 2


def test_edit_and_a_gap_that_is_recognised_again(
    account: BillingAccount, make_transcript: MakeTranscript, fake: FakeInference
) -> None:
    for number in range(ROUNDS):
        transcript = finished(make_transcript, account)
        gap = Gap.objects.create(
            transcript=transcript, start_ms=1000, end_ms=2000, reason="not_recognised", key="g" * 16
        )
        write_wav(recording_path(transcript), seconds=3)
        retried, again, _ = meet(
            partial(retry_gap, Editing(transcript, transcript.owner), gap.key),
            partial(retry_gap, Editing(transcript, transcript.owner), gap.key),
            edit(transcript, f"edited {number}"),
        )
        # Of two that fill one gap the second finds it resolved.
        assert sum(each is True for each in (retried, again)) == 1, (retried, again)
        assert transcript.segments.order_by("position")[0].text == f"edited {number}"
        assert transcript.segments.count() == 2
        assert len(revision_numbers(transcript)) == 2


def revision_numbers(transcript: Transcript) -> list[int]:
    """Without a hole, and the last one is the transcript's."""
    found = Revision.objects.filter(transcript=transcript).order_by("number")
    numbers = list(found.values_list("number", flat=True))
    transcript.refresh_from_db()
    assert numbers == list(range(transcript.revision - len(numbers) + 1, transcript.revision + 1))
    return numbers
