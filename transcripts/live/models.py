"""What a live session has beyond its transcript (`live/admission`)."""

from django.db import models

from accounts.models import ApiKey
from transcripts.models.transcript import Transcript


class LiveSession(models.Model):
    """One for each transcript that is, or was, spoken live.

    While the session is open, the transcript is `processing` and a web process holds its lease; the
    transcript's `attempt` is the session's epoch.
    """

    transcript = models.OneToOneField(
        Transcript, primary_key=True, on_delete=models.CASCADE, related_name="live_session"
    )
    resume_digest = models.CharField(max_length=64, unique=True)
    # The key that was shown last; with `has_key` and no key, that was deleted.
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    has_key = models.BooleanField(default=False)
    wants_second_pass = models.BooleanField(default=False)
    # Up to where the client that went away last got what was final; while one listens, null.
    delivered_ms = models.PositiveBigIntegerField(null=True)

    def __str__(self) -> str:
        return str(self.transcript_id)
