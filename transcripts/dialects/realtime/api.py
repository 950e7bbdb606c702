"""POST /v1/realtime/client_secrets: a short-lived key, for a browser."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import AuthenticationError
from accounts.live_keys import LONGEST_S, issue_live_key
from accounts.permissions import KeyAuthentication, key_of
from stt_web.core.documentation import raises
from transcripts.dialects.realtime.config import SessionConfig
from transcripts.option_kinds import InvalidOptionError
from transcripts.options import OPTION_ERRORS

SHORTEST_S = 10
USUAL_S = 600
_MAX_SESSION_CHARACTERS = 2000  # it is in the key, and that in an address or a header


class ExpiresAfterSerializer(serializers.Serializer[Any]):
    anchor = serializers.ChoiceField(["created_at"], default="created_at")
    seconds = serializers.IntegerField(min_value=SHORTEST_S, max_value=LONGEST_S, default=USUAL_S)


class ClientSecretRequestSerializer(serializers.Serializer[Any]):
    expires_after = ExpiresAfterSerializer(required=False, allow_null=True)
    session = serializers.DictField(
        required=False, allow_null=True, help_text="As in `session.update`."
    )


class ClientSecretSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(help_text="The short-lived key.")
    expires_at = serializers.IntegerField(help_text="Unix seconds.")
    session = serializers.DictField(help_text="What a session is opened with.")


class ClientSecretView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"POST": "transcribe"}

    @raises(AuthenticationError, *OPTION_ERRORS)
    @extend_schema(
        operation_id="create_realtime_client_secret",
        request=ClientSecretRequestSerializer,
        responses=ClientSecretSerializer,
    )
    def post(self, request: Request) -> Response:
        """Make a key for a browser: it opens live sessions, and nothing else, and soon expires."""
        asked = ClientSecretRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        session = asked.validated_data.get("session") or {}
        if len(str(session)) > _MAX_SESSION_CHARACTERS:
            raise InvalidOptionError(
                "session", f"session may have {_MAX_SESSION_CHARACTERS} characters."
            )
        shown = SessionConfig().update(session, is_open=False).as_json("")
        lasts = asked.validated_data.get("expires_after") or {"seconds": USUAL_S}
        api_key = key_of(request)
        if api_key is None:
            raise AuthenticationError("A short-lived key needs an API key that vouches for it.")
        expires_at = timezone.now() + timedelta(seconds=lasts["seconds"])
        value = issue_live_key(api_key, expires_at=expires_at, session=session)
        body = {"value": value, "expires_at": int(expires_at.timestamp()), "session": shown}
        return Response(body, headers={"Cache-Control": "no-store"})
