"""POST /v1/auth/grant: a short-lived key, for a browser."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import AuthenticationError
from accounts.live_keys import issue_live_key
from accounts.permissions import KeyAuthentication, key_of
from stt_web.core.documentation import raises

USUAL_S = 30
LONGEST_S = 3600


class GrantRequestSerializer(serializers.Serializer[Any]):
    ttl_seconds = serializers.FloatField(min_value=1, max_value=LONGEST_S, default=USUAL_S)


class GrantSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField(help_text="The short-lived key.")
    expires_in = serializers.FloatField(help_text="Seconds.")


class GrantView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"POST": "transcribe"}

    @raises(AuthenticationError)
    @extend_schema(
        operation_id="grant_deepgram_token",
        request=GrantRequestSerializer,
        responses=GrantSerializer,
    )
    def post(self, request: Request) -> Response:
        """Make a key for a browser: it opens live sessions, and nothing else, and soon expires."""
        asked = GrantRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        lasts_s = asked.validated_data["ttl_seconds"]
        api_key = key_of(request)
        if api_key is None:
            raise AuthenticationError("A short-lived key needs an API key that vouches for it.")
        expires_at = timezone.now() + timedelta(seconds=lasts_s)
        body = {
            "access_token": issue_live_key(api_key, expires_at=expires_at),
            "expires_in": lasts_s,
        }
        return Response(body, headers={"Cache-Control": "no-store"})
