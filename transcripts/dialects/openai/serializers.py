"""What OpenAI's endpoints take and answer, for the OpenAPI document."""

from rest_framework import serializers


class TranslationFormSerializer(serializers.Serializer[object]):
    """The form of POST /v1/audio/translations."""

    file = serializers.FileField(help_text="Audio or video, recognised by its content.")
    model = serializers.CharField(help_text="whisper-1 and its kin: the default model.")
    prompt = serializers.CharField(required=False, help_text="Context: spelling of names, style.")
    response_format = serializers.ChoiceField(
        choices=("json", "text", "srt", "verbose_json", "vtt"), default="json"
    )


class TranscriptionFormSerializer(TranslationFormSerializer):
    """The form of POST /v1/audio/transcriptions. Lists are sent as `name[]`, a part each."""

    response_format = serializers.ChoiceField(
        choices=("json", "text", "srt", "verbose_json", "vtt", "diarized_json"), default="json"
    )
    language = serializers.CharField(required=False, help_text="A code or an English name.")
    stream = serializers.BooleanField(default=False, help_text="As server-sent events.")

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """Add those whose names are none in Python."""
        lists = ("timestamp_granularities", "include", "languages", "keywords")
        return super().get_fields() | {
            f"{name}[]": serializers.ListField(child=serializers.CharField(), required=False)
            for name in lists
        }


class OpenAITranscriptionSerializer(serializers.Serializer[object]):
    """json, verbose_json and diarized_json: what each has beside the text depends on what was
    asked for."""

    text = serializers.CharField(allow_blank=True)
    usage = serializers.DictField()
    task = serializers.CharField(required=False)
    language = serializers.CharField(required=False, allow_blank=True)
    duration = serializers.FloatField(required=False, help_text="Seconds.")
    segments = serializers.ListField(child=serializers.DictField(), required=False)
    words = serializers.ListField(child=serializers.DictField(), required=False)
    logprobs = serializers.ListField(child=serializers.DictField(), required=False)


class OpenAIModelSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField(help_text="Seconds since 1970.")
    owned_by = serializers.CharField(help_text="The engine that runs it.")
