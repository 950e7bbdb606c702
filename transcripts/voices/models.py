"""Speech that is made of texts: the jobs, who agreed to what, and what references were used for.

A job's row is the truth, a broker's message the hint, as for transcripts: `voices/order` makes it,
`voices/run` claims it and writes while it holds the lease (every write carries `attempt`),
`voices/sweep` takes leases back that ran out; cancelling or deleting moves the row on.

Of a reference only its digest and length are stored for long; its sound lies on the disk until the
job has ended, and the text in the row as long.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from transcripts.models.status import Status


class VoiceJob(models.Model):
    """`text` and `reference_path` are emptied when it ends; `path`: of the speech, for a day, below
    MEDIA_ROOT. `estimated_minutes`: what was held at first.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voice_jobs"
    )
    text = models.TextField(blank=True)
    characters = models.PositiveIntegerField()
    language = models.CharField(max_length=20, blank=True)
    engine = models.CharField(max_length=100, blank=True)  # asked for; empty: any
    voice = models.CharField(max_length=100, blank=True)  # empty: the reference's
    reference_path = models.CharField(max_length=200, blank=True)  # below MEDIA_ROOT
    seed = models.BigIntegerField(default=0)
    is_asynchronous = models.BooleanField(default=False)
    request_id = models.CharField(max_length=64, blank=True)

    hold_reference = models.CharField(max_length=64)
    estimated_minutes = models.PositiveIntegerField()
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)  # the fence: moves on with each claim
    tries = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)  # sentences
    total = models.PositiveIntegerField(default=0)  # 0: not known yet
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    error_status = models.PositiveSmallIntegerField(default=0)

    model_used = models.CharField(max_length=100, blank=True)
    watermark = models.CharField(max_length=40, blank=True)
    is_signed = models.BooleanField(default=False)
    duration_ms = models.PositiveBigIntegerField(default=0)
    generation_ms = models.PositiveBigIntegerField(default=0)
    credits_charged = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=200, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-created_at"], name="transcripts_voice_age"),
            models.Index(
                fields=["status", "enqueued_at"],
                condition=Q(status__in=("queued", "processing")),
                name="transcripts_voice_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voice or 'reference'}: {self.status}"


class VoiceConsent(models.Model):
    """An account's agreement to the terms of voices: given once, and revoked at any time.

    Each agreement is a row of its own, so that it stays known when which terms held.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voice_consents"
    )
    terms = models.CharField(max_length=20)  # their version
    agreed_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(revoked_at=None),
                name="transcripts_one_voice_consent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.terms}"


class VoiceReferenceUse(models.Model):
    """That a reference was spoken in, and by what consent: digest and length, never the sound."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="voice_references"
    )
    sha256 = models.CharField(max_length=64)  # of the file as it was sent
    duration_ms = models.PositiveIntegerField()
    speech_ms = models.PositiveIntegerField()
    consent = models.CharField(max_length=10)  # account, request
    terms = models.CharField(max_length=20)
    used_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-used_at"], name="transcripts_voice_uses")
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.sha256[:12]}"


class SigningCertificate(models.Model):
    """The certificate that this installation made for itself, to sign speech with (`marking`).

    `chain` and `root` are PEM, `key` is encrypted PEM. The newest signs; older ones are stored, so
    that what they signed is still known as ours.
    """

    chain = models.TextField()
    root = models.TextField()
    key = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}"
