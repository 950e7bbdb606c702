"""Consent to speak in a person's voice: on the account, or with one request.

Whoever agrees confirms that the person whose voice it is has allowed it.

    ConsentRequiredError (ApiError, 403)   neither the account nor the request agrees
"""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.voices.models import VoiceConsent, VoiceReferenceUse

TERMS = "2026-11"  # of `TERMS_TEXT` in pages, and of docs/voices.md


class ConsentRequiredError(ApiError):
    """Neither the account nor the request has agreed to the voice terms."""

    status = 403
    code = "consent_required"

    def __init__(self) -> None:
        super().__init__(
            "To speak in the voice of a reference, its person must have allowed it. Agree to the "
            "voice terms once, on your account's page “Voices” or with PUT /api/v1/voice-consent/, "
            "or send consent=true with the request."
        )


@dataclass(frozen=True)
class MeasuredReference:
    """What is stored of a reference. `sha256`: of the file as it was sent."""

    sha256: str
    duration_ms: int
    speech_ms: int


def find_consent(user: User) -> VoiceConsent | None:
    """Return the agreement that holds now: not revoked, and to the present terms. One query."""
    return VoiceConsent.objects.filter(owner=user, revoked_at=None, terms=TERMS).first()


def agree(user: User) -> VoiceConsent:
    """Agree to the present terms, unless that was done. The race: twice at once; one row holds."""
    now = timezone.now()
    with transaction.atomic():
        open_rows = VoiceConsent.objects.filter(owner=user, revoked_at=None)
        open_rows.exclude(terms=TERMS).update(revoked_at=now)
        try:
            with transaction.atomic():
                return VoiceConsent.objects.create(owner=user, terms=TERMS, agreed_at=now)
        except IntegrityError:
            return open_rows.get()


def revoke(user: User) -> bool:
    """Take the agreement back; False where there was none. Nothing is spoken by it any more."""
    open_rows = VoiceConsent.objects.filter(owner=user, revoked_at=None)
    return bool(open_rows.update(revoked_at=timezone.now()))


def check_consent(user: User, *, is_sent: bool) -> str:
    """Return what the consent is: `request` or `account`. Raises ConsentRequiredError."""
    if is_sent:
        return "request"
    if find_consent(user) is None:
        raise ConsentRequiredError
    return "account"


def record_use(user: User, reference: MeasuredReference, *, consent: str) -> None:
    """Inside the transaction that accepts the job."""
    VoiceReferenceUse.objects.create(
        owner=user,
        sha256=reference.sha256,
        duration_ms=reference.duration_ms,
        speech_ms=reference.speech_ms,
        consent=consent,
        terms=TERMS,
    )
