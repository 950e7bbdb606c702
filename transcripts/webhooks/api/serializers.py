"""Webhook endpoints and deliveries, as they come in and go out."""

from typing import Any

from rest_framework import serializers

from transcripts.webhooks.addresses import MAX_URL_CHARACTERS
from transcripts.webhooks.events import EVENTS
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    is_enabled = serializers.BooleanField(read_only=True)

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id",
            "url",
            "description",
            "events",
            "is_enabled",
            "disabled_at",
            "disabled_reason",
            "previous_secret_until",
            "created_at",
        ]


class NewEndpointSerializer(EndpointSerializer):
    """The one answer that has the secret."""

    secret = serializers.CharField(help_text="`whsec_…`, shown this once. Keep it safe.")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]


class NewSecretSerializer(serializers.Serializer[object]):
    secret = serializers.CharField(help_text="Shown this once.")
    previous_secret_until = serializers.DateTimeField(
        help_text="Until then messages are signed with the one before, too."
    )


class EndpointPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EndpointSerializer(many=True)


class EndpointRequestSerializer(serializers.Serializer[object]):
    url = serializers.CharField(
        max_length=MAX_URL_CHARACTERS, help_text="https://…, on a public address."
    )
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS),
        required=False,
        help_text="What the endpoint is told. Empty: everything.",
    )


class EndpointChangeSerializer(EndpointRequestSerializer):
    url = serializers.CharField(max_length=MAX_URL_CHARACTERS, required=False)
    is_enabled = serializers.BooleanField(required=False)


class AttemptSerializer(serializers.Serializer[object]):
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    status_code = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True, help_text="Empty for an answer of 2xx.")
    response = serializers.CharField(allow_blank=True, help_text="How the answer began.")


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    message_id = serializers.CharField(help_text="The `webhook-id` that was sent.")
    attempts = AttemptSerializer(many=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "message_id",
            "event",
            "status",
            "tries",
            "next_try_at",
            "created_at",
            "finished_at",
            "attempts",
        ]


class DeliveryDetailSerializer(DeliverySerializer):
    """With the message itself, as it is sent."""

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "body"]


class DeliveryPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = DeliverySerializer(many=True)


def describe_endpoint(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return dict(EndpointSerializer(endpoint).data)


def describe_delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    return dict(DeliveryDetailSerializer(delivery).data)
