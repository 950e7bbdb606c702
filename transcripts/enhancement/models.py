"""Recordings that are being enhanced, or were a while ago.

The row is the truth, a broker's message the hint. `order` makes it, `run` claims it and writes
while it holds the lease (every write carries `attempt`), `sweep` takes leases back that ran out,
and cancelling or deleting moves the row on. Its files lie below MEDIA_ROOT in the folder of its id:
`recording`, until it has ended, and `enhanced.wav`, for a day.
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.models.status import Status


class Enhancement(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enhancements"
    )
    file_name = models.CharField(max_length=255, blank=True)
    size_bytes = models.PositiveBigIntegerField()
    probed_ms = models.PositiveBigIntegerField()  # 0: not known
    strength = models.CharField(max_length=10)
    target_lufs = models.FloatField()
    fingerprint = models.CharField(max_length=64)  # the same request joins it
    is_asynchronous = models.BooleanField(default=False)  # an away service is waited for
    request_id = models.CharField(max_length=64, blank=True)
    queue = models.CharField(max_length=10)

    status = models.CharField(max_length=24, choices=Status.choices, default=Status.QUEUED)
    done_ms = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)  # the fence: moves on with each claim
    tries = models.PositiveSmallIntegerField(default=0)  # claims that led to nothing
    waits = models.PositiveSmallIntegerField(default=0)  # for an inference service that is away
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)
    enqueue_count = models.PositiveIntegerField(default=0)

    model = models.CharField(max_length=100, blank=True)
    install_hint = models.CharField(max_length=200, blank=True)  # no model was installed for it
    media_warnings = models.JSONField(default=list, blank=True)  # [code, message] of each
    duration_ms = models.PositiveBigIntegerField(default=0)
    rate_hz = models.PositiveIntegerField(default=0)
    channels = models.PositiveSmallIntegerField(default=0)
    lufs_before = models.FloatField(null=True)  # null: silence
    lufs = models.FloatField(null=True)
    true_peak_db = models.FloatField(null=True)
    credits_charged = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    error_status = models.PositiveSmallIntegerField(default=0)  # as an answer of HTTP

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "-created_at"], name="transcripts_enhancement_age"),
            models.Index(fields=["owner", "fingerprint"], name="transcripts_enhancement_same"),
            models.Index(
                fields=["status", "lease_expires_at"], name="transcripts_enhancement_open"
            ),
            models.Index(fields=["finished_at"], name="transcripts_enhancement_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name}: {self.status}"
