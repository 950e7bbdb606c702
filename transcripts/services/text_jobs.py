"""Ordering work on texts, by requests and where a transcript gets its text; and its messages.

`order_processing` and `order_index` are called inside the transaction that gives the transcript
its text, so that the work exists if and only if the text does. A message that is lost is sent again
(`intelligence/text_jobs/sweep`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from stt_web.core import broker
from stt_web.core.request_id import request_id_var
from transcripts.intelligence.models import ProcessingRule, TextJob, TextOperation
from transcripts.models import Status, Transcript
from transcripts.option_kinds import NONE

TEXT_TASK = "transcripts.work_on_text"
QUEUE = "texts"
# A person who edits makes one change after another.
_INDEX_DELAY = timedelta(seconds=20)


@dataclass(frozen=True)
class WantedSteps:
    """What is to be made of a finished transcript. `template`: an id, empty: none."""

    steps: tuple[str, ...]
    template: str


def create_text_job(job: TextJob) -> None:
    """Insert it, and enqueue it with the commit."""
    job.request_id = request_id_var.get()
    job.enqueued_at, job.enqueue_count = timezone.now(), 1
    job.save(force_insert=True)
    transaction.on_commit(lambda: _send(job.pk))


def send_text_job(job_id: UUID, *, last_enqueued_at: datetime | None) -> bool:
    """Enqueue a row again; False where the broker is down. Of two senders one does (compare and
    set on `enqueued_at`).
    """
    waiting = TextJob.objects.filter(pk=job_id, status=Status.QUEUED, enqueued_at=last_enqueued_at)
    if not waiting.update(enqueued_at=timezone.now(), enqueue_count=F("enqueue_count") + 1):
        return True
    return _send(job_id)


def order_processing(transcript: Transcript) -> None:
    """Have made of it what was asked for with it, else what its tags' and its account's rules want;
    and its vectors. Nothing of a guest's.
    """
    if transcript.owner is None:
        return
    order_index(transcript, is_urgent=True)
    wanted = find_wanted(transcript)
    if wanted.steps or wanted.template:
        _order_steps(transcript, transcript.owner, wanted)


def _order_steps(transcript: Transcript, owner: User, wanted: WantedSteps) -> None:
    fields: dict[str, Any] = {"steps": list(wanted.steps), "template": wanted.template}
    job = TextJob(
        owner=owner,
        transcript=transcript,
        operation=TextOperation.PROCESS,
        fields=fields,
        revision=transcript.revision,
        is_asynchronous=True,
    )
    create_text_job(job)


def find_wanted(transcript: Transcript) -> WantedSteps:
    """Return what the request, the tags' rules or the account's rule want: the first that says
    something, steps and template each by itself. Two queries.
    """
    options = transcript.job.options
    rules = ProcessingRule.objects.filter(owner_id=transcript.owner_id)
    tags = set(transcript.tags.values_list("name", flat=True))
    by_tag = [rule for rule in rules if rule.tag in tags]
    general = [rule for rule in rules if not rule.tag]
    steps = options.auto_process
    if not steps:
        rule_steps = [step for rule in by_tag or general for step in rule.steps]
        steps = tuple(dict.fromkeys(rule_steps))
    templates = [rule.template for rule in (*by_tag, *general) if rule.template]
    is_refused = NONE in steps
    template = options.template or ("" if is_refused or not templates else templates[0])
    return WantedSteps(() if is_refused else steps, template)


def order_index(transcript: Transcript, *, is_urgent: bool = False) -> None:
    """Have the vectors of its text made, if that doesn't wait already. One statement."""
    if transcript.owner_id is None:
        return
    now = timezone.now()
    job = TextJob(
        owner_id=transcript.owner_id,
        transcript=transcript,
        operation=TextOperation.INDEX,
        not_before=now if is_urgent else now + _INDEX_DELAY,
    )
    TextJob.objects.bulk_create([job], ignore_conflicts=True)
    if is_urgent:
        transaction.on_commit(lambda: send_text_job(job.pk, last_enqueued_at=None))


def _send(job_id: UUID) -> bool:
    if broker.send_now(TEXT_TASK, [str(job_id)], queue=QUEUE):
        return True
    TextJob.objects.filter(pk=job_id, status=Status.QUEUED).update(enqueued_at=None)
    return False
