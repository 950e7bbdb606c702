"""What people changed: one row for every change, with its author and its time.

The machine's original is revision 0 and has no row: it is what is left when all changes are taken
back. A row holds only what it changed, so that taking it back costs what the change did.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.models.transcript import Transcript


class EditAction(models.TextChoices):
    DESCRIBE = "describe"  # title, tags, language note
    EDIT = "edit"  # a segment's text, times or speaker
    SPLIT = "split"
    MERGE = "merge"
    MOVE_WORDS = "move_words"
    REMOVE = "remove"
    ADD_SPEAKER = "add_speaker"
    RENAME_SPEAKER = "rename_speaker"
    MERGE_SPEAKERS = "merge_speakers"
    ASSIGN_SPEAKER = "assign_speaker"
    # What was recognised in a gap, and not accepted, is the text now.
    ACCEPT_GAP = "keep_gap", "Keep Gap"
    RETRY_GAP = "retry_gap"  # a gap recognised once more
    RESTORE = "restore"
    REVERT = "revert"  # one revision taken back, by itself; `restored` is its number
    REPLACE = "replace"  # the same words in many segments
    RECOUNT = "recount"  # the speakers, from the voices
    SECOND_PASS = "second_pass"  # by the machine: the recording recognised again  # noqa: S105


class Revision(models.Model):
    """`changes`: {"segments": {key: change}, "speakers": {position: change}, "fields": change,
    "gaps": {key: change}}.

    A change is {"before": fields or null, "after": fields or null}: null before is added, null
    after is removed, and then the other side has every field; else both have those that differ.
    """

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()  # 1-based; the transcript's `revision` once it is made
    action = models.CharField(max_length=20, choices=EditAction.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Of a restore or a revert: which one.
    restored = models.PositiveIntegerField(null=True, blank=True)
    changes = models.JSONField(default=dict)
    # A few of the words that it changed, for a list: [{"before", "after"}].
    summary = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "number"], name="transcripts_revision_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.transcript_id}: {self.number} {self.action}"
