"""The caller of a transcript's views: a user by key or session, or a guest by a transcript's own
token."""

from dataclasses import dataclass
from typing import ClassVar, cast
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.authentication import (
    ApiKeyAuthentication,
    AuthenticationError,
    authenticate_token,
    check_scope,
    read_bearer,
)
from accounts.client_address import request_address
from accounts.guest_tokens import digest_guest_token, is_guest_token
from accounts.models import ApiKey, User
from accounts.services.sessions import load_session_user
from billing.admission import Caller
from billing.api.throttling import count_api_request
from stt_web.core.errors import HOW_TO_SEND_A_KEY, ApiError
from transcripts.access import get_guest_transcript, get_transcript
from transcripts.models import Source, Transcript


@dataclass(frozen=True)
class Guest:
    """A person without an account who holds the token of one transcript."""

    token_digest: str
    is_authenticated: ClassVar[bool] = True
    pk: ClassVar[None] = None


class KeyOrGuestAuthentication(ApiKeyAuthentication):
    """A key or a guest's token as bearer: `request.user` is a User or a Guest."""

    def authenticate(  # type: ignore[override]  # wider than the parent, by design
        self, request: Request
    ) -> tuple[User | Guest, ApiKey | None] | None:
        guest = _read_guest(request.META.get("HTTP_AUTHORIZATION", ""))
        return (guest, None) if guest is not None else super().authenticate(request)


def identify(request: HttpRequest, *, needed_scope: str) -> User | Guest:
    """The same for a plain view; counts the request as DRF's views do. Synchronous: queries.

    Raises AuthenticationError, RateLimitError, ScopeError.
    """
    principal, api_key = _authenticate(request)
    count_api_request(request, principal if isinstance(principal, User) else None)
    check_scope(api_key, needed_scope)
    return principal


def _authenticate(request: HttpRequest) -> tuple[User | Guest, ApiKey | None]:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    guest = _read_guest(header)
    if guest is not None:
        return guest, None
    raw = read_bearer(header)
    if raw is not None:
        api_key = authenticate_token(raw, address=request_address(request))
        return api_key.user, api_key
    if isinstance(request.user, User):
        return request.user, None
    raise AuthenticationError(HOW_TO_SEND_A_KEY, code="missing_key")


def is_still_allowed(request: HttpRequest, transcript_id: UUID | None = None) -> bool:
    """Whether a reading `request` would be let through now, too (`accounts.lasting`)."""
    try:
        check_still_allowed(request, transcript_id)
    except ApiError:
        return False
    return True


def check_still_allowed(request: HttpRequest, transcript_id: UUID | None = None) -> None:
    """Raise ApiError if a reading `request` would not be let through now. Counts no request."""
    if request.META.get("HTTP_AUTHORIZATION", "").strip():
        principal, api_key = _authenticate(request)
        check_scope(api_key, "read")
    else:
        user = load_session_user(request.session.session_key)
        if user is None:
            raise AuthenticationError(HOW_TO_SEND_A_KEY, code="missing_key")
        principal = user
    if transcript_id is not None:
        find_transcript(principal, transcript_id)


def source_of(caller: Caller) -> Source:
    """A program has a key, our pages send a ticket; a guest, who has neither, may be either."""
    by_page = caller.user is not None and caller.api_key is None
    return Source.UPLOAD if by_page else Source.API


def find_transcript(principal: object, transcript_id: UUID) -> Transcript:
    """Return the transcript if it is the principal's. Raises TranscriptNotFoundError."""
    if isinstance(principal, Guest):
        return get_guest_transcript(principal.token_digest, transcript_id)
    return get_transcript(cast("User", principal), transcript_id)


def _read_guest(header: str) -> Guest | None:
    raw = read_bearer(header)
    if raw is None or not is_guest_token(raw):
        return None
    return Guest(digest_guest_token(raw))
