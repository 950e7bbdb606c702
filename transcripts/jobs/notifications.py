"""Mail about transcripts: ready, or failed. Never with a word of the text.

None where a page of the owner's follows the job (`account_events`): it shows the end itself.

Called where a job ends, inside the transaction that ends it (`jobs/stages/finalize`): the mail is
written down if and only if the end is. Only where no client waited for the answer.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mail.notify import notify
from accounts.mail.outbox import MailContent, site_url
from transcripts.models import Transcript

_LONGEST_TITLE = 80
WATCHED_FOR = timedelta(seconds=60)  # after a page was last known to be open


def notify_completed(transcript: Transcript) -> None:
    """Notify the owner by mail that the transcript can be read."""
    _notify(transcript, kind="transcript_ready")


def notify_failed(transcript: Transcript) -> None:
    """Notify the owner by mail that there will be no transcript, and that it costs nothing."""
    _notify(transcript, kind="transcript_failed")


def _notify(transcript: Transcript, *, kind: str) -> None:
    job = transcript.job
    if transcript.owner is None or not job.is_asynchronous:
        return
    if job.watched_at is not None and timezone.now() - job.watched_at < WATCHED_FOR:
        return
    write = _write_result if kind == "transcript_ready" else _write_failure
    notify(transcript.owner, kind=kind, key=str(transcript.pk), write=lambda: write(transcript))


def _write_result(transcript: Transcript) -> MailContent:
    return MailContent(
        subject=_("Your transcript is ready: %(title)s") % {"title": _title(transcript)},
        paragraphs=[
            _("“%(title)s” has been transcribed.") % {"title": _title(transcript)},
        ],
        action=(_("Open the transcript"), site_url(f"/transcripts/{transcript.pk}/")),
    )


def _write_failure(transcript: Transcript) -> MailContent:
    return MailContent(
        subject=_("Your recording could not be transcribed: %(title)s")
        % {"title": _title(transcript)},
        paragraphs=[
            _("“%(title)s” could not be transcribed.") % {"title": _title(transcript)},
            _("You were not charged. See what went wrong:"),
        ],
        action=(_("See what went wrong"), site_url(f"/transcripts/{transcript.pk}/")),
    )


def _title(transcript: Transcript) -> str:
    title = transcript.title or transcript.recording.file_name or str(transcript.pk)
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"
