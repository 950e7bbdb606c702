"""What the end of a job means for its transcript: the one place where kinds of jobs differ."""

from typing import Protocol

from transcripts.jobs import results
from transcripts.jobs.models import JobKind, TranscriptionJob
from transcripts.jobs.notifications import notify_completed, notify_failed
from transcripts.jobs.results import JobRun
from transcripts.jobs.second_pass import (
    apply_second_pass,
    discard_second_pass,
    start_for_session,
)
from transcripts.search.index import index_transcript
from transcripts.services.text_jobs import order_processing
from transcripts.webhooks.outbox import enqueue_status_events


class Delivery(Protocol):
    """Each method runs inside the transaction that ends the job, which holds the transcript."""

    def apply(self, job: JobRun) -> bool:
        """Put the text in its place; False where it is not wanted any more, and so is free."""

    def publish(self, row: TranscriptionJob) -> None:
        """Notify whom a finished job is of interest to."""

    def fail(self, row: TranscriptionJob, message: str) -> None: ...

    def cancel(self, row: TranscriptionJob) -> None: ...

    def has_delivered(self, row: TranscriptionJob) -> bool:
        """Whether text of a job that is cut short stays."""


class FirstDelivery:
    """The transcript's own text, and its status."""

    def apply(self, job: JobRun) -> bool:
        if job.labelled is not None:
            results.replace_segments(job.transcript, job.labelled)
        return True

    def publish(self, row: TranscriptionJob) -> None:
        notify_completed(row.transcript)
        enqueue_status_events(row.transcript)
        index_transcript(row.transcript)
        order_processing(row.transcript)

    def fail(self, row: TranscriptionJob, message: str) -> None:
        notify_failed(row.transcript)
        self.cancel(row)

    def cancel(self, row: TranscriptionJob) -> None:
        enqueue_status_events(row.transcript)
        index_transcript(row.transcript)

    def has_delivered(self, row: TranscriptionJob) -> bool:
        return row.transcript.segments.exists()


class TransientDelivery(FirstDelivery):
    """What is deleted as soon as it is answered: of interest to no one but its client."""

    def publish(self, row: TranscriptionJob) -> None:
        pass

    def fail(self, row: TranscriptionJob, message: str) -> None:
        pass

    def cancel(self, row: TranscriptionJob) -> None:
        pass

    def has_delivered(self, row: TranscriptionJob) -> bool:
        return False


class LiveDelivery(FirstDelivery):
    def publish(self, row: TranscriptionJob) -> None:
        super().publish(row)
        start_for_session(row.transcript)


class SecondPassDelivery:
    """Another text of a transcript that has one: a revision, of which no one is notified."""

    def apply(self, job: JobRun) -> bool:
        return apply_second_pass(job)

    def publish(self, row: TranscriptionJob) -> None:
        pass

    def fail(self, row: TranscriptionJob, message: str) -> None:
        discard_second_pass(row, message)

    def cancel(self, row: TranscriptionJob) -> None:
        discard_second_pass(row, "It was cancelled.")

    def has_delivered(self, row: TranscriptionJob) -> bool:
        return False


_TRANSIENT = TransientDelivery()
_DELIVERIES: dict[str, Delivery] = {
    JobKind.FILE: FirstDelivery(),
    JobKind.LIVE: LiveDelivery(),
    JobKind.SECOND_PASS: SecondPassDelivery(),
}


def delivery_of(row: TranscriptionJob) -> Delivery:
    """Return what is to be done at the end of this job. Stateless."""
    return _TRANSIENT if row.is_transient else _DELIVERIES[row.kind]
