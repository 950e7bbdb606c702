"""`/api/v1/keys/`: the caller's keys."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import KeyNotFoundError, get_api_key, list_api_keys
from accounts.api.serializers import (
    ApiKeyPageSerializer,
    ApiKeyRequestSerializer,
    ApiKeySerializer,
    NewApiKeySerializer,
    RevocationSerializer,
)
from accounts.keys.issue import (
    EndedKeyError,
    NotOperatorError,
    OutlivingKeyError,
    TooManyKeysError,
    WiderKeyError,
    issue_requested_key,
    revoke_api_key,
    revoke_key_and_created,
)
from accounts.permissions import key_of, user_of
from stt_web.core.documentation import raises
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination


class KeyListView(APIView):
    scopes = {"GET": "read", "POST": "manage"}

    @raises(PageNotFoundError)
    @extend_schema(
        operation_id="list_keys",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="At most 100."),
        ],
        responses=ApiKeyPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return your keys that aren't revoked, newest first."""
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(list_api_keys(user_of(request)), request, view=self)
        return paginator.get_paginated_response(ApiKeySerializer(page, many=True).data)

    @raises(WiderKeyError, OutlivingKeyError, TooManyKeysError, EndedKeyError, NotOperatorError)
    @extend_schema(
        operation_id="create_key",
        request=ApiKeyRequestSerializer,
        responses={201: NewApiKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a key. The answer has the raw key, this once."""
        asked = ApiKeyRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        api_key, raw = issue_requested_key(
            user_of(request), asked_with=key_of(request), **asked.validated_data
        )
        body = {**ApiKeySerializer(api_key).data, "key": raw}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


class KeyView(APIView):
    scopes = {"DELETE": "manage"}

    @raises(KeyNotFoundError)
    @extend_schema(
        operation_id="revoke_key",
        parameters=[RevocationSerializer],
        responses={204: None},
    )
    def delete(self, request: Request, key_id: str) -> Response:
        """Revoke a key, from the next request on."""
        asked = RevocationSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        api_key = get_api_key(user_of(request), key_id)
        revoke = revoke_key_and_created if asked.validated_data["with_created"] else revoke_api_key
        revoke(api_key)
        return Response(status=204)
