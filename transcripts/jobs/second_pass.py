"""Second passes: the recording of a transcript that has a text, recognised again.

A live session may ask for one as it opens; later, its owner may order another model, or other
speakers. It is a further job of the same transcript (`TranscriptionJob.kind`): its segments and
gaps are the job's until it ends, and the transcript's status stays as it is. At its end its text
takes the place of the one before, as a revision: that can be viewed, and undone.

What a person has made of the text is never overwritten. Where the new text can't be applied, or the
job fails, the transcript stays as it is with a warning, and nothing is charged.
"""

import logging
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.authentication import hold_open
from billing.ledger import minutes_for, place_new_hold
from billing.plans import lock_account_for
from stt_web.core.errors import ApiError
from stt_web.core.request_id import request_id_var
from transcripts.access import TranscriptNotFoundError
from transcripts.editing.draft import Draft, Editing, open_draft
from transcripts.editing.draft_rows import SpeakerState
from transcripts.glossary.terms import with_glossary
from transcripts.inference.routing import inference_for
from transcripts.jobs.enqueue import enqueue
from transcripts.jobs.models import JobKind, Queue, TranscriptionJob
from transcripts.jobs.results import JobRun
from transcripts.jobs.submit import check_engines_can, check_model_can
from transcripts.live.models import LiveSession
from transcripts.locks import lock_transcript
from transcripts.models import OPEN_STATUSES, READABLE_STATUSES, EditAction, Transcript
from transcripts.models.transcript import new_segment_key
from transcripts.options import TranscriptionOptions
from transcripts.services.embeddings import delete_embeddings
from transcripts.services.shown_gaps import CODE as GAP_WARNING
from transcripts.services.shown_gaps import show_gaps, with_gap_warning
from transcripts.text.segments import Segment

logger = logging.getLogger(__name__)

NOT_APPLIED = "not_applied"
_FAILED = "second_pass_failed"
_FAILED_TEXT = "The text was not replaced by a second pass."


class SecondPassRefusedError(ApiError):
    """The transcript can't have one now; the sentence states why."""

    status = 409
    code = "second_pass_refused"


def start_for_session(transcript: Transcript) -> None:
    """Queue the second pass, if the session was opened with one. Inside the transaction that
    completes the live transcript, whose recording is there already. The session paid for it."""
    if not LiveSession.objects.filter(pk=transcript.pk, wants_second_pass=True).exists():
        return
    spoken = transcript.job
    if spoken.audio_duration_ms:
        options = replace(spoken.options, diarize=True)
        _new_job(transcript, options, request_id=spoken.request_id).save(force_insert=True)


def request_second_pass(
    transcript: Transcript,
    *,
    model: str = "",
    language: str = "",
    speakers: int | None = None,
    diarizer: str = "",
    aligner: str = "",
) -> TranscriptionJob:
    """Order one as the present text was ordered, but for what is named here.

    Asks the inference service for the model. Raises what `order_second_pass` does, and ApiError
    (404, 503) where the model isn't there or lacks the language, or an engine isn't there.
    """
    options = transcript.job.options
    if language:
        options = replace(options, language=language, languages=(), is_multilingual=False)
    if speakers is not None:
        options = replace(options, diarize=True, speakers=speakers)
    if diarizer:
        options = replace(options, diarize=True)
    options = replace(
        options,
        model=model or options.model,
        diarizer=diarizer or options.diarizer,
        aligner=aligner or options.aligner,
    )
    return check_and_order(transcript, options)


def check_and_order(transcript: Transcript, options: TranscriptionOptions) -> TranscriptionJob:
    """As `order_second_pass`, once the model that would run is known to be able to do it."""
    found = inference_for(transcript.owner).resolve_model(options.model)
    check_model_can(found, options)
    check_engines_can(inference_for(transcript.owner), options)
    return order_second_pass(transcript, options)


def order_second_pass(transcript: Transcript, options: TranscriptionOptions) -> TranscriptionJob:
    """Queue a further job of the owner's finished transcript, and hold what it may cost.

    Raises SecondPassRefusedError (409), NoCreditsError (402), TranscriptNotFoundError,
    AuthenticationError where the account is closed.
    """
    owner = transcript.owner
    if owner is None:
        raise SecondPassRefusedError("A guest's transcript can't be transcribed again.")
    tags = list(transcript.tags.values_list("name", flat=True))
    options = with_glossary(owner, options, tags=tags)
    with transaction.atomic():
        if not lock_transcript(transcript.pk):
            raise TranscriptNotFoundError
        hold_open(owner)
        account = lock_account_for(owner)
        _check_may_start(Transcript.objects.get(pk=transcript.pk))
        job = _new_job(transcript, options, request_id=request_id_var.get())
        job.hold_reference = str(job.pk)
        place_new_hold(
            job.hold_reference,
            locked=account,
            minutes=max(1, minutes_for(recorded_ms(transcript))),
            now=timezone.now(),
        )
        job.save(force_insert=True)
    logger.info("event=second_pass_ordered transcript_id=%s job_id=%s", transcript.pk, job.pk)
    return job


def recorded_ms(transcript: Transcript) -> int:
    """Return how long the recording is, as well as it is known."""
    return transcript.job.audio_duration_ms or transcript.recording.probed_ms


def _check_may_start(transcript: Transcript) -> None:
    if transcript.status not in READABLE_STATUSES:
        raise SecondPassRefusedError("Only a finished transcript can be transcribed again.")
    if not transcript.recording.path:
        raise SecondPassRefusedError("Its recording is not stored any more.")
    if is_changed_by_person(Draft(transcript)):
        raise SecondPassRefusedError(
            "Its text was corrected: a second pass would replace it. Restore the original first."
        )
    if has_open_pass(transcript):
        raise SecondPassRefusedError("It is being transcribed a second time already.")
    owned = TranscriptionJob.objects.filter(transcript__owner=transcript.owner)
    if owned.filter(status__in=OPEN_STATUSES).count() >= settings.MAX_OPEN_TRANSCRIPTS:
        raise SecondPassRefusedError("Too many recordings of yours are waiting already.")


def has_open_pass(transcript: Transcript) -> bool:
    """Whether a second pass waits or runs. One query."""
    passes = transcript.jobs.filter(kind=JobKind.SECOND_PASS, status__in=OPEN_STATUSES)
    return passes.exists()


def apply_second_pass(job: JobRun) -> bool:
    """Give the transcript the text of `job`; False where the old one stays, with a warning.

    Inside the transaction that ends the job and holds the transcript's lock.
    """
    transcript = Transcript.objects.get(pk=job.row.transcript_id)
    segments, speakers = _read_result(job)
    if not segments:
        reason = "No speech was found in it."
    elif not _replace_text(transcript, segments, speakers):
        reason = "The text was corrected in the meantime, and stays."
    else:
        _switch_job(transcript, job.row)
        logger.info("event=second_pass_applied transcript_id=%s", transcript.pk)
        return True
    discard_second_pass(job.row, reason)
    jobs = TranscriptionJob.objects.filter(pk=job.row.pk)
    jobs.update(error_code=NOT_APPLIED, error_message=reason)
    return False


def discard_second_pass(row: TranscriptionJob, reason: str) -> None:
    """Drop what such a job had found. Inside the transaction that ends it."""
    _discard_result(row)
    _note_failure(row, reason)
    logger.warning("event=second_pass_discarded transcript_id=%s", row.transcript_id)


def _note_failure(row: TranscriptionJob, reason: str) -> None:
    """Add a warning to the text that stays. The transcript is locked, so none gets lost."""
    jobs = TranscriptionJob.objects.filter(pk=row.transcript.job_id)
    current = jobs.values_list("warnings", flat=True).get()
    jobs.update(warnings=[*current, {"code": _FAILED, "message": f"{_FAILED_TEXT} {reason}"}])


def is_changed_by_person(draft: Draft) -> bool:
    """Whether a person has corrected the text, or named or added a speaker."""
    if draft.transcript.is_corrected:
        return True
    if any(speaker.display_name for speaker in draft.speakers.values()):
        return True
    used = {each.speaker for each in draft.all_segments()} if draft.speakers else set()
    return not set(draft.speakers) <= used


def _new_job(
    transcript: Transcript, options: TranscriptionOptions, *, request_id: str
) -> TranscriptionJob:
    """Return the job, not saved yet; it is enqueued on commit."""
    job = TranscriptionJob(
        transcript=transcript,
        kind=JobKind.SECOND_PASS,
        **options.as_columns(),
        request_id=request_id,
        queue=Queue.BULK,
    )
    transaction.on_commit(lambda: enqueue(job.pk))
    return job


def _discard_result(row: TranscriptionJob) -> None:
    row.segments.all().delete()
    row.gaps.all().delete()


def _switch_job(transcript: Transcript, row: TranscriptionJob) -> None:
    """What goes with the text: how it was made, its warnings, its gaps, its windows and voices."""
    transcript.gaps.all().delete()
    row.gaps.update(transcript=transcript, job=None)
    row.segments.all().delete()
    delete_embeddings(transcript.job)  # no text is counted from them any more
    warnings = _join_warnings(transcript, row)
    TranscriptionJob.objects.filter(pk=row.pk).update(warnings=warnings)
    row.warnings = warnings
    Transcript.objects.filter(pk=transcript.pk).update(job=row, language=row.language)
    row.transcript.job, row.transcript.language = row, row.language


def _join_warnings(transcript: Transcript, row: TranscriptionJob) -> list[dict[str, Any]]:
    """Those of the new text, and the old ones about the recording."""
    new = {warning["code"] for warning in row.warnings} | {GAP_WARNING}
    before = [warning for warning in transcript.job.warnings if warning["code"] not in new]
    return with_gap_warning([*before, *row.warnings], show_gaps(transcript.gaps.all()))


def _read_result(job: JobRun) -> tuple[list[Segment], dict[int, SpeakerState]]:
    if job.labelled is None:
        return [Segment.from_row(row) for row in job.row.segments.all()], {}
    numbers = {each.speaker for each in job.labelled.segments if each.speaker is not None}
    speakers = {number: SpeakerState(f"Speaker {number}", "") for number in sorted(numbers)}
    segments = [
        replace(segment, key=new_segment_key(), position=float(position))
        for position, segment in enumerate(job.labelled.segments)
    ]
    return segments, speakers


def _replace_text(
    transcript: Transcript, segments: list[Segment], speakers: dict[int, SpeakerState]
) -> bool:
    """Return False, and change nothing, where a person has changed the text."""
    with open_draft(Editing(transcript, author=None), EditAction.SECOND_PASS) as draft:
        # The draft holds the row: no one corrects it from here on.
        if is_changed_by_person(draft):
            return False
        for old in draft.all_segments():
            draft.remove(old.key)
        for number in list(draft.speakers):
            draft.speakers.pop(number)
        draft.speakers.update(speakers)
        draft.put(*segments)
    return True
