"""`…/shares/`: the links by which others may read a transcript."""

from typing import Any, cast
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, user_of
from stt_web.core.documentation import raises
from stt_web.core.public_address import absolute_url
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.sharing.links import (
    MAX_PASSWORD_CHARACTERS,
    BadShareError,
    ShareNotFoundError,
    TooManySharesError,
    create_share,
    list_shares,
    revoke_share,
)
from transcripts.sharing.models import ShareLink


class ShareSerializer(serializers.ModelSerializer[ShareLink]):
    has_password = serializers.SerializerMethodField()

    class Meta:
        model = ShareLink
        fields = ["id", "created_at", "expires_at", "has_password"]

    def get_has_password(self, link: ShareLink) -> bool:
        return bool(link.password)


class NewShareSerializer(ShareSerializer):
    url = serializers.URLField(help_text="Shown this once: only a digest of it is kept.")

    class Meta(ShareSerializer.Meta):
        fields = [*ShareSerializer.Meta.fields, "url"]


class ShareListSerializer(serializers.Serializer[object]):
    results = ShareSerializer(many=True)


class ShareRequestSerializer(serializers.Serializer[object]):
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    password = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
        max_length=MAX_PASSWORD_CHARACTERS,
        help_text="Asked for before anything is shown.",
    )


class ShareListView(APIView):
    scopes = {"GET": "read", "POST": MANAGE_AND_READ}

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="list_shares", responses=ShareListSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """Return the links that aren't revoked, newest first; at most a hundred."""
        transcript = get_transcript(user_of(request), transcript_id)
        return Response({"results": ShareSerializer(list_shares(transcript), many=True).data})

    @raises(TranscriptNotFoundError, BadShareError, TooManySharesError)
    @extend_schema(
        operation_id="create_share",
        request=ShareRequestSerializer,
        responses={201: NewShareSerializer},
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Make a link. The answer has its address, this once."""
        transcript = get_transcript(user_of(request), transcript_id)
        asked = ShareRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        link, token = create_share(transcript, **cast("dict[str, Any]", asked.validated_data))
        path = reverse("shared", args=[token])
        body = {**ShareSerializer(link).data, "url": absolute_url(request._request, path)}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


class ShareView(APIView):
    scopes = {"DELETE": "manage"}

    @raises(TranscriptNotFoundError, ShareNotFoundError)
    @extend_schema(operation_id="revoke_share", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID, share_id: UUID) -> Response:
        """Revoke a link: it leads nowhere from now on."""
        revoke_share(get_transcript(user_of(request), transcript_id), share_id)
        return Response(status=204)
