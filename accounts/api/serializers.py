"""Keys, as they come in and go out."""

from django.utils import timezone
from rest_framework import serializers

from accounts.keys.issue import SCOPES
from accounts.models import ApiKey


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "created_at",
            "last_used_at",
            "expires_at",
            "created_by_key",
        ]


class NewApiKeySerializer(ApiKeySerializer):
    """The one answer that has the raw key."""

    key = serializers.CharField(help_text="Shown this once. Keep it safe.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


class ApiKeyPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ApiKeySerializer(many=True)


class RevocationSerializer(serializers.Serializer[object]):
    with_created = serializers.BooleanField(
        default=False, help_text="Also revoke all keys that this key made."
    )


class ApiKeyRequestSerializer(serializers.Serializer[object]):
    name = serializers.CharField(max_length=100)
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text=(
            "null: never. Left out: a year from now for a key without scopes, else never. Not after"
            " the key that asks."
        ),
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES),
        required=False,
        default=list,
        help_text="What the key is narrowed to. Empty: everything.",
    )

    def validate_expires_at(self, value: object) -> object:
        if value is not None and value <= timezone.now():  # type: ignore[operator]
            raise serializers.ValidationError("This is in the past.")
        return value
