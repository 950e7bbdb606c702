"""Claiming a guest's transcript into an account: the holder of its one-time token may, once.

It was the guest's free use and stays free: nothing is charged, and the guest's use of the day
is not released. The recording is deleted, as the guest was informed. Webhooks and mails report
what an account had transcribed, so none reports this.

The races, all decided by one compare-and-set on "no owner, this token, not past its hour": two
claims (one gets it), and a claim and the purge (`retention/purge` checks for an owner once more
when it holds the row).
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.guest_tokens import digest_guest_token, is_guest_token
from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.access import TranscriptNotFoundError, get_stored_transcript
from transcripts.models import OPEN_STATUSES, Recording, Source, Transcript
from transcripts.search.index import index_transcript
from transcripts.services.recordings import detach_recording
from transcripts.services.text_jobs import order_index
from transcripts.uploads.models import ResumableUpload

logger = logging.getLogger(__name__)

GUEST_TEXT_LIFETIME = timedelta(hours=1)  # after it is answered


class StillTranscribedError(ApiError):
    """It is still being worked on; with Retry-After.

    Its job reads the owner at its start: an owner who appears meanwhile would be charged.
    """

    status = 409
    code = "not_finished"

    def __init__(self) -> None:
        super().__init__(
            "This transcript is still being worked on. It can be kept when it is finished.",
            retry_after_s=5,
        )


@sensitive_variables("token")
def claim_guest_transcript(user: User, token: str, *, is_by_page: bool) -> Transcript:
    """Return the transcript, which is the user's now; the token opens nothing any more.

    `is_by_page`: one of our pages claims it, so it was one that sent the recording.
    Raises TranscriptNotFoundError (unknown, used up, past its hour), StillTranscribedError.
    """
    if not is_guest_token(token):
        raise TranscriptNotFoundError
    digest = digest_guest_token(token)
    found = get_stored_transcript(digest)
    if found.status in OPEN_STATUSES:
        raise StillTranscribedError
    # Before the change of owner: a crash in between leaves it the guest's, without a recording.
    detach_recording(found)
    is_upload = is_by_page and found.source == Source.API
    with transaction.atomic():
        finished = Transcript.objects.exclude(status__in=OPEN_STATUSES)
        if not finished.filter(
            pk=found.pk,
            owner=None,
            guest_token_digest=digest,
            finished_at__gte=timezone.now() - GUEST_TEXT_LIFETIME,
        ).update(
            owner=user,
            guest_token_digest="",
            guest_address_digest="",
            source=Source.UPLOAD if is_upload else found.source,
        ):
            raise TranscriptNotFoundError
        Recording.objects.filter(pk=found.recording_id).update(owner=user)
        ResumableUpload.objects.filter(owner=None, transcript_id=found.pk).delete()
        found.refresh_from_db()
        index_transcript(found)
        order_index(found, is_urgent=True)
    logger.info("event=transcript_claimed transcript_id=%s user_id=%s", found.pk, user.pk)
    return found
