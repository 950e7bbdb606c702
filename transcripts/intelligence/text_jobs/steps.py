"""What is made of a finished transcript by itself: one step after another, each stored once.

A step that fails leaves its reason, and the others go on. Where the inference service is away, the
job waits with what is done, and goes on from there.
"""

from pathlib import Path
from typing import Any

from django.db import transaction

from stt_web.core.errors import ApiError
from transcripts.inference.errors import InferenceError
from transcripts.intelligence.engines import TextEngines, as_api_error
from transcripts.intelligence.models import TextJob, TextOperation
from transcripts.intelligence.operations import summarise_text
from transcripts.intelligence.outlines.find import snapshot_template
from transcripts.intelligence.results import load_source, store_result
from transcripts.intelligence.text_jobs.finish import (
    AWAY_CODES,
    failed_step,
    finish_processing,
)
from transcripts.intelligence.text_jobs.lease import TextLease, change_job
from transcripts.intelligence.text_tasks import (
    TextTask,
    perform,
    place_of,
    read_transcript,
)
from transcripts.jobs.lease import LeaseLostError
from transcripts.locks import lock_transcript
from transcripts.models import Revision, Transcript
from transcripts.search.index import index_title

_TITLE = "title"
_TEMPLATE = "template"
_MOST_TITLE = 255
_TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "summary": (TextOperation.SUMMARIZE, {"style": "brief"}),
    "bullet_points": (TextOperation.SUMMARIZE, {"style": "bullet_points"}),
    "action_items": (TextOperation.ANALYZE, {"type": "action_items", "types": []}),
    "topics": (TextOperation.ANALYZE, {"type": "topics", "types": []}),
    "questions": (TextOperation.ANALYZE, {"type": "questions", "types": []}),
    "sentiment": (TextOperation.ANALYZE, {"type": "sentiment", "types": []}),
    "chapters": (TextOperation.GENERATE, {"type": "chapter_markers"}),
    "key_quotes": (TextOperation.GENERATE, {"type": "key_quotes"}),
    "meeting_notes": (TextOperation.GENERATE, {"type": "meeting_notes"}),
}


def process_transcript(lease: TextLease, job: TextJob, engines: TextEngines) -> None:
    """Do what is left of the job's steps, and finish it. Raises LeaseLostError, WorkStoppedError,
    and ApiError where the inference service is away.
    """
    transcript = job.transcript
    if transcript is None:
        return
    steps = [*job.fields["steps"], *([_TEMPLATE] if job.fields["template"] else [])]
    job.answer = {"steps": {}, **job.answer, "wanted": steps}
    engines.note_parts = lambda done, total: lease.note_progress()
    for number, step in enumerate(steps):
        lease.report(number, len(steps))
        if step not in job.answer["steps"]:
            job.answer["steps"][step] = _try_step(lease, job, transcript, step, engines)
            if not change_job(lease.rows(), job.pk, answer=job.answer):
                raise LeaseLostError
    lease.report(len(steps), len(steps))
    finish_processing(lease.rows(), job, error=None)


def _try_step(
    lease: TextLease, job: TextJob, transcript: Transcript, step: str, engines: TextEngines
) -> dict[str, Any]:
    """Return how it went; raise what ends the whole job, or has it wait."""
    try:
        result_id = _do_step(lease, job, transcript, step, engines)
    except InferenceError as error:
        lease.check()
        failure = as_api_error(error, token=engines.token)
    except ApiError as error:
        failure = error
    else:
        return {"result_id": result_id, "error": None}
    if failure.code in AWAY_CODES:
        raise failure
    return failed_step(failure)


def _do_step(
    lease: TextLease, job: TextJob, transcript: Transcript, step: str, engines: TextEngines
) -> str | None:
    if step == _TITLE:
        body = summarise_text(load_source(transcript), engines, style="headline")
        lease.check()
        set_title(transcript, body["summary"])
        return None
    if step == _TEMPLATE:
        outline = snapshot_template(job.owner, job.fields["template"], language=transcript.language)
        task = TextTask(TextOperation.GENERATE, {"template": outline})
    else:
        task = TextTask(*_TASKS[step])
    transcript.refresh_from_db()
    revision = transcript.revision
    made = perform(task, read_transcript(task, transcript), engines)
    kind, name = place_of(task)
    with transaction.atomic():
        result = store_result(transcript, kind=kind, name=name, body=made, revision=revision)
        if not lease.rows().exists():
            raise LeaseLostError  # takes the result back: the next worker makes it
    return str(result.pk)


def set_title(transcript: Transcript, title: str) -> bool:
    """Give it the title, unless a person gave it one; False: it has one.

    The race: a person who gives it a title now. Both take the transcript's row.
    """
    title = " ".join(title.split())[:_MOST_TITLE]
    with transaction.atomic():
        if not title or not lock_transcript(transcript.pk):
            return False
        transcript.refresh_from_db()
        if has_own_title(transcript):
            return False
        Transcript.objects.filter(pk=transcript.pk).update(title=title)
        transcript.title = title
        index_title(transcript)
    return True


def has_own_title(transcript: Transcript) -> bool:
    """Whether a person gave it a title: one that is neither missing nor its file's name, or that
    was ever changed. At most one query.
    """
    named_by_file = Path(transcript.recording.file_name).stem[:_MOST_TITLE]
    if transcript.title not in ("", named_by_file):
        return True
    rows = Revision.objects.filter(transcript=transcript, changes__has_key="fields")
    revisions = rows.values_list("changes", flat=True)
    return any(
        "title" in (change.get("after") or {})
        for changes in revisions
        for change in changes.get("fields", {}).values()
    )
