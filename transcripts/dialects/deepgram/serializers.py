"""What `POST /v1/listen` answers, for the OpenAPI document."""

from rest_framework import serializers


class DeepgramAnswerSerializer(serializers.Serializer[object]):
    """`metadata` and `results`, as Deepgram's clients read them; with `callback`, `request_id`."""

    metadata = serializers.DictField(required=False)
    results = serializers.DictField(required=False)
    request_id = serializers.CharField(required=False, help_text="Of what the callback will get.")
