"""The file that was received: what it is called, what is in it, and where it lies."""

from django.conf import settings
from django.db import models


class Recording(models.Model):
    """Made with its transcript, and deleted with it.

    Of an import it is the subtitle file, which is not stored: `path` is empty from the beginning.
    """

    owner = models.ForeignKey(  # null: a guest's
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    path = models.CharField(max_length=255, blank=True)  # below MEDIA_ROOT; empty: deleted
    file_name = models.CharField(max_length=255, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    container = models.CharField(max_length=40, blank=True)
    probed_ms = models.PositiveBigIntegerField(default=0)  # 0: the container has no duration
    sha256 = models.CharField(max_length=64, blank=True)  # in hex; empty: spoken live, or imported
    recorded_at = models.DateTimeField(null=True, blank=True)  # as the file states it
    url = models.CharField(max_length=2000, blank=True)  # where it is still to be fetched from
    is_sample = models.BooleanField(default=False)  # what a new account of `make run` begins with
    audio_deleted_at = models.DateTimeField(null=True, blank=True)  # by the account's retention

    class Meta:
        indexes = [models.Index(fields=["path"], name="transcripts_recording_path")]

    def __str__(self) -> str:
        return self.file_name or self.path
