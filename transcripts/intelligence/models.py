"""What was made of a transcript's text: results, vectors to search it by, and conversations.

All of it belongs to the transcript, or (a conversation over the library) to its account, and is
deleted with it. `revision` is that of the text which was read: a later one makes a result stale.

Work on texts that no request waits for is a `TextJob`: a long text, what an account wants made of
every recording, vectors. The row is the truth, a broker's message the hint. Who may change what:
`services/text_jobs` makes the row, `text_jobs/run` claims it and writes while it holds the lease
(every write carries `attempt`), `text_jobs/sweep` takes leases back that ran out, and cancelling or
deleting moves the row on. Nothing of it is charged.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from transcripts.models.status import Status
from transcripts.models.transcript import Transcript


class ResultKind(models.TextChoices):
    SUMMARY = "summary"
    ANALYSIS = "analysis"
    CONTENT = "content"
    TRANSLATION = "translation"
    TEMPLATE = "template"


class StoredResult(models.Model):
    """`name`: which one of its kind (a style, a type, a language, a template's id). `text`: what
    people read and may edit; empty where `body`, the answer as it was given, has only data.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="results")
    kind = models.CharField(max_length=12, choices=ResultKind.choices)
    name = models.CharField(max_length=40)
    model = models.CharField(max_length=100)
    revision = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    body = models.JSONField(default=dict)
    is_edited = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["transcript", "-created_at"], name="transcripts_result_age")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class SegmentVectors(models.Model):
    """One embedding model's vectors of a transcript's segments: float16 (segments, 2, dimensions),
    of the segment itself and of it with its neighbours. `keys`: the segments', in their order.
    `coarse`: float16 (stretches of some minutes, dimensions), to find a transcript by in a library.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="vectors")
    model = models.CharField(max_length=100)
    weights_revision = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField()
    dimensions = models.PositiveSmallIntegerField()
    keys = models.JSONField(default=list)
    vectors = models.BinaryField()
    coarse = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["transcript", "model"], name="transcripts_vectors_once")
        ]

    def __str__(self) -> str:
        return f"{self.transcript_id}: {self.model}"


class ChatSession(models.Model):
    """A conversation about one transcript, or (`transcript` null) about all of its owner's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_sessions"
    )
    transcript = models.ForeignKey(
        Transcript, null=True, on_delete=models.CASCADE, related_name="chat_sessions"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-updated_at"], name="transcripts_chat_age")
        ]

    def __str__(self) -> str:
        return str(self.id)


class ChatTurn(models.Model):
    """A question and its answer. `sources`: as they were given, quoted from `mentioned`."""

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="turns")
    question = models.TextField()
    answer = models.TextField()
    is_found = models.BooleanField(default=True)
    sources = models.JSONField(default=list)
    model = models.CharField(max_length=100)
    revision = models.PositiveIntegerField(default=0)  # of the transcript; 0: of the library
    # What is quoted goes with what it is quoted from (`jobs/cancel`).
    mentioned = models.ManyToManyField(Transcript, related_name="chat_turns")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.pk}"


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
