"""What the endpoints of voices take and answer, for the API's document."""

from rest_framework import serializers

from transcripts.models import Status
from transcripts.serializers import JobErrorSerializer


class SpeechRequestSerializer(serializers.Serializer[object]):
    text = serializers.CharField(help_text="At most 20,000 characters.")
    reference = serializers.FileField(
        required=False, help_text="A recording with 3 to 10 s of one voice; needs consent."
    )
    voice = serializers.CharField(
        required=False, help_text="A fixed voice of `GET /v1/voices`, in place of a reference."
    )
    language = serializers.CharField(required=False, help_text="Such as en or en-GB.")
    engine = serializers.CharField(required=False)
    seed = serializers.IntegerField(
        required=False, min_value=0, help_text="The same seed, text and voice: the same speech."
    )
    consent = serializers.BooleanField(
        required=False,
        help_text="The person whose voice the reference is has allowed this.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        asynchronous = serializers.BooleanField(required=False, help_text="202 instead of waiting.")
        return {**super().get_fields(), "async": asynchronous}


class SentencesSerializer(serializers.Serializer[object]):
    """Sentences."""

    done = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        total = serializers.IntegerField(allow_null=True, help_text="null: not known yet.")
        return {**super().get_fields(), "of": total}


class VoiceJobSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.choices)
    voice = serializers.CharField(allow_null=True, help_text="null: the reference's.")
    language = serializers.CharField(allow_null=True)
    characters = serializers.IntegerField()
    progress = SentencesSerializer()
    model = serializers.CharField()
    duration = serializers.FloatField(help_text="Seconds of speech.")
    generation_time = serializers.FloatField(help_text="Seconds of work.")
    watermark = serializers.CharField(allow_null=True, help_text="null: none was put in.")
    signed = serializers.BooleanField(help_text="It carries a C2PA manifest.")
    credits_charged = serializers.IntegerField()
    audio = serializers.CharField(allow_null=True, help_text="Where the speech is, for a day.")
    error = JobErrorSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class VoiceJobPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = VoiceJobSerializer(many=True)


class VoiceSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    language = serializers.CharField()
    engine = serializers.CharField()
    available = serializers.BooleanField()


class VoiceEngineSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    available = serializers.BooleanField()
    install_hint = serializers.CharField(allow_blank=True)
    languages = serializers.ListField(child=serializers.CharField())
    can_clone = serializers.BooleanField(help_text="It speaks in the voice of a reference.")
    licence = serializers.CharField()


class VoiceListSerializer(serializers.Serializer[object]):
    voices = VoiceSerializer(many=True)
    engines = VoiceEngineSerializer(many=True)
    watermark = serializers.CharField(
        allow_null=True, help_text="What marks speech inaudibly here; null: nothing is installed."
    )


class VoiceConsentSerializer(serializers.Serializer[object]):
    agreed = serializers.BooleanField()
    agreed_at = serializers.DateTimeField(allow_null=True)
    terms = serializers.CharField(help_text="The version of the terms, docs/voices.md.")
