"""Verbs that meet: started together, a little apart, in threads with connections of their own."""

import random
import threading
import time
from collections.abc import Callable

from django.db import OperationalError, connections

from billing.audit import check_ledger
from billing.models import BillingAccount, Hold
from billing.models.ledger import HoldState
from stt_web.core.errors import ApiError
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.jobs.test_lease import WINDOW
from tests.transcripts.rows import claim_transcript
from transcripts.editing.draft import Editing
from transcripts.editing.edits import SegmentChange, edit_segment
from transcripts.jobs.lease import LeaseLostError
from transcripts.jobs.results import JobRun, open_job, store_window, write_fenced
from transcripts.jobs.stages.finalize import finalize
from transcripts.models import OPEN_STATUSES, Transcript, TranscriptionJob

ROUNDS = 15
JITTER_S = 0.01
Verb = Callable[[], object]
# What a verb that came second may answer: documented refusals, never a database's error.
REFUSALS = (ApiError, LeaseLostError, Transcript.DoesNotExist)


def meet(*verbs: Verb) -> list[object]:
    """Run the verbs together; return what each returned or was refused with."""
    together = threading.Barrier(len(verbs))
    outcomes: list[object] = [None] * len(verbs)

    def run(number: int, verb: Verb) -> None:
        together.wait()
        time.sleep(random.random() * JITTER_S)
        try:
            outcomes[number] = verb()
        except Exception as error:  # noqa: BLE001  # judged by the test
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for outcome in outcomes:
        assert not isinstance(outcome, OperationalError), outcome
        if isinstance(outcome, Exception):
            assert isinstance(outcome, REFUSALS), repr(outcome)
    return outcomes


def check_agreement() -> None:
    """No balance differs from its sum, and no ended job holds anything."""
    assert check_ledger() == []
    held = set(Hold.objects.filter(state=HoldState.HELD).values_list("reference", flat=True))
    open_now = TranscriptionJob.objects.filter(status__in=OPEN_STATUSES)
    assert held <= set(open_now.values_list("hold_reference", flat=True))


def begin(transcript: Transcript, *, has_text: bool = True) -> JobRun:
    claimed = claim_transcript(transcript.pk)
    assert claimed is not None
    job = open_job(*claimed)
    if has_text:
        store_window(job, WINDOW)
    write_fenced(job, audio_duration_ms=transcript.recording.probed_ms)
    return job


def finished(make: MakeTranscript, account: BillingAccount) -> Transcript:
    """Of one segment."""
    transcript = make(seconds=1, account=account)
    finalize(begin(transcript))
    transcript.refresh_from_db()
    return transcript


def edit(transcript: Transcript, text: str, expected: int | None = None) -> Verb:
    assert transcript.owner is not None
    editing = Editing(transcript, transcript.owner, expected)
    key = transcript.segments.get().key
    return lambda: edit_segment(editing, key, SegmentChange(text=text))
