"""Edits whose new words wait for times from the recording, or have got them a moment ago."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from transcripts.models.transcript import Transcript


class EditAlignment(models.Model):
    """One edited segment. Made in the edit's transaction; the row is the truth, a task the hint.

    Finished rows are retained for an hour, so that an open page learns of them, and then deleted.
    """

    transcript = models.ForeignKey(
        Transcript, on_delete=models.CASCADE, related_name="edit_alignments"
    )
    segment_key = models.CharField(max_length=16)
    revision = models.PositiveIntegerField()  # that the edit made
    created_at = models.DateTimeField(auto_now_add=True)
    enqueued_at = models.DateTimeField()  # when it was enqueued last
    enqueue_count = models.PositiveSmallIntegerField(default=1)
    finished_at = models.DateTimeField(null=True)  # aligned, overtaken by another edit, or given up
    is_aligned = models.BooleanField(default=False)  # the segment's words got other times

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["enqueued_at"],
                condition=Q(finished_at=None),
                name="transcripts_align_open",
            ),
            models.Index(fields=["finished_at"], name="transcripts_align_done"),
        ]

    def __str__(self) -> str:
        return f"{self.transcript_id}: {self.segment_key} at {self.revision}"
