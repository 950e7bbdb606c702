"""What was made of a transcript's text: results, vectors to search it by, and conversations.

All of it belongs to the transcript, or (a conversation over the library) to its account, and is
deleted with it. `revision` is that of the text which was read: a later one makes a result stale.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.models.transcript import Transcript


class ResultKind(models.TextChoices):
    SUMMARY = "summary"
    ANALYSIS = "analysis"
    CONTENT = "content"
    TRANSLATION = "translation"


class StoredResult(models.Model):
    """`name`: which one of its kind (a style, a type, a language). `text`: what people read and may
    edit; empty where `body`, the answer as it was given, has only data.
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
