"""Comments and highlights."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.models.transcript import Transcript


class Comment(models.Model):
    """A note on words of a segment; without `text` only a highlight.

    The place is the segment's key and the words themselves (`quote`; empty: the whole segment), so
    that it stays right through edits beside it. `offset`: where in the text the quote stood, to
    tell it from the same words elsewhere in the segment.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="comments")
    segment_key = models.CharField(max_length=16)
    quote = models.CharField(max_length=500, blank=True)
    offset = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["created_at", "id"]

    def __str__(self) -> str:
        return self.text[:40] or self.quote[:40]
