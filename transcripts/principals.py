"""What a principal has of transcripts, and whether it still may."""

from uuid import UUID

from django.http import HttpRequest

from accounts.principals import (
    OF_GUESTS_TOO,
    Principal,
    check_known,
    check_scopes,
    resolve_request,
)
from accounts.services.sessions import load_session_user
from stt_web.core.errors import ApiError
from transcripts.access import get_guest_transcript, get_transcript
from transcripts.models import Source, Transcript


def find_transcript(principal: Principal, transcript_id: UUID) -> Transcript:
    """Return the transcript if it is the principal's. Raises TranscriptNotFoundError."""
    if principal.user is not None:
        return get_transcript(principal.user, transcript_id)
    return get_guest_transcript(principal.guest_digest, transcript_id)


def source_of(principal: Principal) -> Source:
    """A program has a key, our pages send a ticket; a guest, who has neither, may be either."""
    by_page = principal.user is not None and principal.api_key is None
    return Source.UPLOAD if by_page else Source.API


def is_still_allowed(request: HttpRequest, transcript_id: UUID | None = None) -> bool:
    """Whether a reading `request` would be let through now, too (`accounts.lasting`)."""
    try:
        check_still_allowed(request, transcript_id)
    except ApiError:
        return False
    return True


def check_still_allowed(request: HttpRequest, transcript_id: UUID | None = None) -> None:
    """Raise ApiError if a reading `request` would not be let through now, by the database.

    Counts no request.
    """
    principal = resolve_request(
        request,
        accepted=OF_GUESTS_TOO,
        load_session=lambda _: load_session_user(request.session.session_key),
    )
    check_known(principal)
    check_scopes(principal, "read")
    if transcript_id is not None:
        find_transcript(principal, transcript_id)
