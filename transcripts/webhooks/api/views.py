"""`/api/v1/webhooks/`: the caller's endpoints, and what was sent to them."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import MANAGE_AND_READ, Scopes, user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import InvalidValueError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import (
    DeliveryNotFoundError,
    EndpointNotFoundError,
    get_delivery,
    get_endpoint,
)
from transcripts.webhooks.addresses import BadUrlError, PrivateUrlError
from transcripts.webhooks.api import serializers as shapes
from transcripts.webhooks.endpoints import (
    EndpointDisabledError,
    TooManyEndpointsError,
    create_endpoint,
    delete_endpoint,
    replay,
    rotate_secret,
    send_test,
    update_endpoint,
)
from transcripts.webhooks.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint

_PAGE = [
    OpenApiParameter("page", int),
    OpenApiParameter("page_size", int, description="At most 100."),
]
_SECRET_HEADERS = {"Cache-Control": "no-store"}


class _WebhookView(APIView):
    # The maker of an endpoint, or of a replay, gets what is sent to it.
    scopes: ClassVar[Scopes] = {
        "GET": "read",
        "POST": MANAGE_AND_READ,
        "PATCH": MANAGE_AND_READ,
        "DELETE": "manage",
    }


class EndpointListView(_WebhookView):
    @raises(PageNotFoundError)
    @extend_schema(
        operation_id="list_webhooks", parameters=_PAGE, responses=shapes.EndpointPageSerializer
    )
    def get(self, request: Request) -> Response:
        """Return your webhook endpoints, newest first."""
        rows = WebhookEndpoint.objects.filter(owner=user_of(request), transcript=None).order_by(
            "-created_at", "pk"
        )
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(shapes.EndpointSerializer(page, many=True).data)

    @raises(BadUrlError, PrivateUrlError, TooManyEndpointsError)
    @extend_schema(
        operation_id="create_webhook",
        request=shapes.EndpointRequestSerializer,
        responses={201: shapes.NewEndpointSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make an endpoint. The answer has the secret that messages are signed with, this once."""
        asked = shapes.EndpointRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        endpoint, secret = create_endpoint(user_of(request), **asked.validated_data)
        body = {**shapes.describe_endpoint(endpoint), "secret": secret}
        return Response(body, status=201, headers=_SECRET_HEADERS)


class EndpointView(_WebhookView):
    @raises(EndpointNotFoundError)
    @extend_schema(operation_id="read_webhook", responses=shapes.EndpointSerializer)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """Return the endpoint, without its secret."""
        return Response(shapes.describe_endpoint(get_endpoint(user_of(request), endpoint_id)))

    @raises(EndpointNotFoundError, BadUrlError, PrivateUrlError)
    @extend_schema(
        operation_id="change_webhook",
        request=shapes.EndpointChangeSerializer,
        responses=shapes.EndpointSerializer,
    )
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        """Change what is given. `is_enabled: true` also enables one that was disabled."""
        endpoint = get_endpoint(user_of(request), endpoint_id)
        asked = shapes.EndpointChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = update_endpoint(endpoint, **asked.validated_data)
        return Response(shapes.describe_endpoint(changed))

    @raises(EndpointNotFoundError)
    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        """Delete the endpoint and its log. Nothing more is sent to it."""
        delete_endpoint(get_endpoint(user_of(request), endpoint_id))
        return Response(status=204)


class SecretRotationView(_WebhookView):
    scopes = {"POST": "manage"}

    @raises(EndpointNotFoundError)
    @extend_schema(
        operation_id="rotate_webhook_secret", request=None, responses=shapes.NewSecretSerializer
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Make a new secret. For a day messages are signed with the one before, too."""
        endpoint = get_endpoint(user_of(request), endpoint_id)
        secret = rotate_secret(endpoint)
        body = {"secret": secret, "previous_secret_until": endpoint.previous_secret_until}
        return Response(body, headers=_SECRET_HEADERS)


class TestEventView(_WebhookView):
    @raises(EndpointNotFoundError, EndpointDisabledError)
    @extend_schema(
        operation_id="test_webhook", request=None, responses={202: shapes.DeliveryDetailSerializer}
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Send the endpoint an `endpoint.test` event. Its delivery has the result."""
        endpoint = get_endpoint(user_of(request), endpoint_id)
        return Response(shapes.describe_delivery(send_test(endpoint)), status=202)


class DeliveryListView(_WebhookView):
    @raises(EndpointNotFoundError, PageNotFoundError)
    @extend_schema(
        operation_id="list_webhook_deliveries",
        parameters=[*_PAGE, OpenApiParameter("status", str, enum=DeliveryStatus.values)],
        responses=shapes.DeliveryPageSerializer,
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """Return what was sent to the endpoint, newest first; stored for 30 days."""
        endpoint = get_endpoint(user_of(request), endpoint_id)
        rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-created_at", "pk")
        status = request.query_params.get("status", "")
        if status and status not in DeliveryStatus.values:
            allowed = ", ".join(DeliveryStatus.values)
            raise InvalidValueError(f"status must be one of {allowed}.")
        if status:
            rows = rows.filter(status=status)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows.prefetch_related("attempts"), request, view=self)
        return paginator.get_paginated_response(shapes.DeliverySerializer(page, many=True).data)


class DeliveryView(_WebhookView):
    @raises(DeliveryNotFoundError)
    @extend_schema(operation_id="read_webhook_delivery", responses=shapes.DeliveryDetailSerializer)
    def get(self, request: Request, endpoint_id: UUID, delivery_id: UUID) -> Response:
        """Return the message and every try to deliver it."""
        delivery = get_delivery(user_of(request), endpoint_id, delivery_id)
        return Response(shapes.describe_delivery(delivery))


class ReplayView(_WebhookView):
    @raises(DeliveryNotFoundError, EndpointDisabledError)
    @extend_schema(
        operation_id="replay_webhook_delivery",
        request=None,
        responses={202: shapes.DeliveryDetailSerializer},
    )
    def post(self, request: Request, endpoint_id: UUID, delivery_id: UUID) -> Response:
        """Send the same message again, under the same id."""
        delivery = get_delivery(user_of(request), endpoint_id, delivery_id)
        return Response(shapes.describe_delivery(replay(delivery)), status=202)
