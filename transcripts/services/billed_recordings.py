"""What the billing page calls a transcript that was charged."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from billing.recordings import NamedRecording
from transcripts.jobs.models import TranscriptionJob


def name_recordings(user: User, references: Sequence[str]) -> dict[str, NamedRecording]:
    """Return the user's own that still exist, by the reference of their job's hold. One query."""
    rows = TranscriptionJob.objects.filter(
        hold_reference__in=references, transcript__owner=user
    ).select_related("transcript__recording")
    return {
        row.hold_reference: NamedRecording(
            title=row.transcript.title or row.transcript.recording.file_name or _("Transcript"),
            address=reverse("transcript_page", args=[row.transcript_id]),
        )
        for row in rows
    }
