"""How long an account's recordings and transcripts are stored."""

from django.conf import settings
from django.db import models


class RetentionPolicy(models.Model):
    """Days after the end of the work; null: until they are deleted. 0 days of audio: deleted
    at completion."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="retention_policy"
    )
    audio_days = models.PositiveSmallIntegerField(null=True, blank=True)
    transcript_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # Of the voices (`services/embeddings`); null: STT_EMBEDDING_DAYS, and never beyond the audio.
    embedding_days = models.PositiveSmallIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.owner_id}: audio {self.audio_days}, transcripts {self.transcript_days}"
