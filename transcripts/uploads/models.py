"""Uploads that are not complete, or were a while ago; whole ones that wait for a request, and what
AssemblyAI's clients requested of them (`dialects.assemblyai`)."""

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from transcripts.models.transcript import Source


class ResumableUpload(models.Model):
    """A recording on its way, in its final place below MEDIA_ROOT: `<id>/recording`.

    `offset_bytes` of it are on the disk, and nothing else of it counts: what the file holds beyond
    was never acknowledged. `epoch` is the fence: each part that begins moves it on, and commits
    only while it is its own. Once there is a transcript, the file belongs to that, and the row
    remembers for the client that asks again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )  # null: a guest, who has the token
    guest_token_digest = models.CharField(max_length=64, blank=True)
    guest_address_digest = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    fields = models.JSONField(default=dict)  # options, as a form would send them
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.API)
    length_bytes = models.PositiveBigIntegerField(null=True)  # null: known at the end only
    offset_bytes = models.PositiveBigIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)
    transcript_id = models.UUIDField(null=True)
    # Why it became no transcript. A recording that may still become one is not deleted for it.
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    is_refused = models.BooleanField(default=False)  # for good: its file is deleted
    submitting_until = models.DateTimeField(null=True)  # a process makes the transcript
    created_at = models.DateTimeField(default=timezone.now)  # a guest's try counts since then
    received_at = models.DateTimeField()  # the last byte
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "created_at"], name="transcripts_upload_owner"),
            models.Index(fields=["expires_at"], name="transcripts_upload_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.offset_bytes} of {self.length_bytes}"

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / self.id.hex / "recording"

    @property
    def is_complete(self) -> bool:
        return self.length_bytes is not None and self.offset_bytes >= self.length_bytes

    @property
    def is_over(self) -> bool:
        return self.transcript_id is not None or self.is_refused


class HeldRecording(models.Model):
    """A recording that was uploaded and waits until requests name it, for a day. Each of these
    transcribes a link to the file, so that it may be named by several."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], name="transcripts_held_expiry")
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.size_bytes} bytes"

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT) / self.id.hex / "recording"


class AssemblyTranscript(models.Model):
    """A request for a transcript. `asked`: its body, without the receiver's secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    transcript = models.ForeignKey(
        "transcripts.Transcript", on_delete=models.CASCADE, related_name="assembly_requests"
    )
    asked = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-created_at"], name="transcripts_assembly_owner")
        ]

    def __str__(self) -> str:
        return str(self.id)
