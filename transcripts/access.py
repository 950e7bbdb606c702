"""The only door to a transcript, or an endpoint: through the account that asks for it."""

from uuid import UUID

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Transcript
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint


class TranscriptNotFoundError(ApiError):
    """There is none with this id, or it is another owner's: the answer is the same."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such transcript.")


class JobNotFoundError(ApiError):
    """There is none with this id, or it is another owner's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such job.")


def get_transcript(user: User, transcript_id: UUID | str) -> Transcript:
    """Return the user's transcript. Raises `TranscriptNotFoundError`. One query."""
    try:
        wanted = transcript_id if isinstance(transcript_id, UUID) else UUID(transcript_id)
    except ValueError:
        raise TranscriptNotFoundError from None
    found = Transcript.objects.filter(pk=wanted, owner=user).first()
    if found is None:
        raise TranscriptNotFoundError
    return found


def get_job(user: User, transcript_id: UUID, job_id: UUID) -> TranscriptionJob:
    """Return a job of the user's transcript. Raises `JobNotFoundError`. One query."""
    jobs = TranscriptionJob.objects.select_related("transcript__owner", "transcript__recording")
    found = jobs.filter(pk=job_id, transcript=transcript_id, transcript__owner=user).first()
    if found is None:
        raise JobNotFoundError
    return found


def get_guest_transcript(token_digest: str, transcript_id: UUID | str) -> Transcript:
    """Return the one transcript that a guest's token opens (`accounts.guest_tokens`). One query.

    Raises `TranscriptNotFoundError`, also where the token is another transcript's.
    """
    try:
        wanted = transcript_id if isinstance(transcript_id, UUID) else UUID(transcript_id)
    except ValueError:
        raise TranscriptNotFoundError from None
    guests = Transcript.objects.filter(owner=None, guest_token_digest=token_digest)
    found = guests.filter(pk=wanted).first() if token_digest else None
    if found is None:
        raise TranscriptNotFoundError
    return found


def get_stored_transcript(token_digest: str) -> Transcript:
    """Return the one transcript that a guest's token opens. One query, over
    the current transcripts of guests. Raises `TranscriptNotFoundError`.
    """
    guests = Transcript.objects.filter(owner=None, guest_token_digest=token_digest)
    found = guests.first() if token_digest else None
    if found is None:
        raise TranscriptNotFoundError
    return found


class EndpointNotFoundError(ApiError):
    """There is none with this id, or it is another owner's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such webhook endpoint.")


class DeliveryNotFoundError(ApiError):
    """There is none with this id, or it is another owner's."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such delivery.")


def get_endpoint(user: User, endpoint_id: UUID) -> WebhookEndpoint:
    """Return the user's endpoint. Raises `EndpointNotFoundError`. One query."""
    found = WebhookEndpoint.objects.filter(pk=endpoint_id, owner=user, transcript=None).first()
    if found is None:
        raise EndpointNotFoundError
    return found


def get_delivery(user: User, endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Return a delivery to the user's endpoint. Raises `DeliveryNotFoundError`. One query."""
    deliveries = WebhookDelivery.objects.select_related("endpoint")
    found = deliveries.filter(pk=delivery_id, endpoint_id=endpoint_id, endpoint__owner=user).first()
    if found is None:
        raise DeliveryNotFoundError
    return found
