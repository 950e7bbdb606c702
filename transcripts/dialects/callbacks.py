"""Callbacks of other services' requests: stored behind the lock of their transcript."""

from django.db import transaction

from accounts.models import User
from transcripts.locks import lock_transcript
from transcripts.models import Transcript
from transcripts.webhooks.callbacks import Callback, store_callback


def add_callback(transcript: Transcript, owner: User, callback: Callback) -> None:
    """Have the callback called once the transcript is finished. Nothing where it was deleted."""
    with transaction.atomic():
        if lock_transcript(transcript.pk):
            store_callback(transcript, owner, callback)
