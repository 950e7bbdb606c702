"""Work on texts that no request waits for: long texts, what an account wants made of every
recording, and the vectors to search by.

The row is the truth, a broker's message the hint. Who may change what: `services/text_jobs`
makes the row, `intelligence/text_jobs/run` claims it and writes while it holds the lease (every
write carries `attempt`), `intelligence/text_jobs/sweep` takes leases back that ran out, and
cancelling or deleting moves the row on. Nothing of it is charged.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from transcripts.models.intelligence import StoredResult
from transcripts.models.jobs import Status
from transcripts.models.transcript import Transcript


class TextOperation(models.TextChoices):
    SUMMARIZE = "summarize"
    ANALYZE = "analyze"
    GENERATE = "generate"
    TRANSLATE = "translate"
    PROCESS = "process"  # what the account or the request wants made of a finished transcript
    INDEX = "index"  # its vectors; not shown, and deleted once it has ended


class TextJob(models.Model):
    """`transcript` null: of a text that came with the request, which is in `fields` until the job
    has ended. `answer`: what came out of such a text, or of each step of `process`; what is made of
    a transcript is its `result`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="text_jobs"
    )
    transcript = models.ForeignKey(
        Transcript, null=True, on_delete=models.CASCADE, related_name="text_jobs"
    )
    operation = models.CharField(max_length=12, choices=TextOperation.choices)
    fields = models.JSONField(default=dict)  # of the request, checked
    revision = models.PositiveIntegerField(default=0)  # of the text that was or will be read
    fingerprint = models.CharField(max_length=64, blank=True)  # the same request joins it
    is_asynchronous = models.BooleanField(default=False)  # its end is sent to webhooks
    request_id = models.CharField(max_length=64, blank=True)

    status = models.CharField(max_length=24, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveIntegerField(default=0)  # parts
    total = models.PositiveIntegerField(default=0)  # 0: not known yet
    attempt = models.PositiveIntegerField(default=0)  # the fence: moves on with each claim
    tries = models.PositiveSmallIntegerField(default=0)  # claims in a row without progress
    waits = models.PositiveSmallIntegerField(default=0)  # for an inference service that is away
    is_repeated = models.BooleanField(default=False)  # failed, and was done again by itself
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    enqueue_count = models.PositiveIntegerField(default=0)

    result = models.ForeignKey(StoredResult, null=True, on_delete=models.SET_NULL, related_name="+")
    answer = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    error_status = models.PositiveSmallIntegerField(default=0)  # as an answer of HTTP

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)  # status or progress
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # One that waits reads the text as it is when it begins.
            models.UniqueConstraint(
                fields=["transcript"],
                condition=Q(operation="index", status="queued"),
                name="transcripts_index_waits_once",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-created_at"], name="transcripts_textjob_age"),
            models.Index(
                fields=["created_at"],
                condition=Q(status="queued"),
                name="transcripts_textjob_waiting",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(status="processing"),
                name="transcripts_textjob_leases",
            ),
            models.Index(fields=["finished_at"], name="transcripts_textjob_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.operation}: {self.status}"


class NoteTemplate(models.Model):
    """An account's own outline of notes: sections that are answered from a transcript.

    `sections`: [{"title", "instruction", "source"}] (`intelligence/outlines`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="note_templates"
    )
    name = models.CharField(max_length=100)
    sections = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name


class ProcessingRule(models.Model):
    """What is made of each finished transcript of an account, or (`tag`) of those with a tag."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="processing_rules"
    )
    tag = models.CharField(max_length=50, blank=True)
    steps = models.JSONField(default=list)  # of `transcripts.options.STEPS`
    template = models.CharField(max_length=40, blank=True)  # id of a template

    class Meta:
        ordering: ClassVar[list[str]] = ["tag"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "tag"], name="transcripts_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.tag or 'all'}: {', '.join(self.steps)}"
