"""`/api/v1/voice-consent/`: the account's agreement to the terms of voices."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import Scopes, user_of
from transcripts.voices.api.shapes import VoiceConsentSerializer
from transcripts.voices.consent import TERMS, agree, find_consent, revoke


class VoiceConsentView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "PUT": "manage", "DELETE": "manage"}

    @extend_schema(operation_id="read_voice_consent", responses=VoiceConsentSerializer)
    def get(self, request: Request) -> Response:
        """Return whether the account has agreed to the voice terms, and when."""
        return Response(_show(user_of(request)))

    @extend_schema(
        operation_id="give_voice_consent", request=None, responses=VoiceConsentSerializer
    )
    def put(self, request: Request) -> Response:
        """Agree: whoever's voice a reference is has allowed that it is spoken in."""
        agree(user_of(request))
        return Response(_show(user_of(request)))

    @extend_schema(operation_id="revoke_voice_consent", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Take the agreement back. What was made stays."""
        revoke(user_of(request))
        return Response(status=204)


def _show(user: User) -> dict[str, object]:
    consent = find_consent(user)
    return {
        "agreed": consent is not None,
        "agreed_at": consent.agreed_at if consent else None,
        "terms": TERMS,
    }
