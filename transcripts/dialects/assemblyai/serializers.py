"""What `/v2/` takes and answers, for the OpenAPI document."""

from rest_framework import serializers


class AssemblyUploadSerializer(serializers.Serializer[object]):
    upload_url = serializers.CharField(help_text="Good for this account alone, for a day.")


class AssemblyRequestSerializer(serializers.Serializer[object]):
    """Further fields: docs/assemblyai.md."""

    audio_url = serializers.CharField()
    language_code = serializers.CharField(required=False)
    speaker_labels = serializers.BooleanField(required=False)
    webhook_url = serializers.CharField(required=False)


class AssemblyTranscriptSerializer(serializers.Serializer[object]):
    """The request's own fields come with it."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=("queued", "processing", "completed", "error"))
    audio_url = serializers.CharField()
    text = serializers.CharField(required=False, allow_blank=True)
    words = serializers.ListField(child=serializers.DictField(), required=False)
    utterances = serializers.ListField(child=serializers.DictField(), required=False)
    confidence = serializers.FloatField(required=False, allow_null=True)
    audio_duration = serializers.IntegerField(required=False, help_text="Seconds.")
    error = serializers.CharField(required=False)


class AssemblyPageSerializer(serializers.Serializer[object]):
    page_details = serializers.DictField()
    transcripts = serializers.ListField(child=serializers.DictField())


class AssemblyPartsSerializer(serializers.Serializer[object]):
    """Sentences, or paragraphs."""

    id = serializers.CharField()
    confidence = serializers.FloatField()
    audio_duration = serializers.FloatField(help_text="Seconds.")
    sentences = serializers.ListField(child=serializers.DictField(), required=False)
    paragraphs = serializers.ListField(child=serializers.DictField(), required=False)


class AssemblyRedactedAudioSerializer(serializers.Serializer[object]):
    status = serializers.ChoiceField(choices=("redacted_audio_ready", "redacted_audio_processing"))
    redacted_audio_url = serializers.CharField(required=False, help_text="Good for an hour.")


class AssemblyMatchesSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    total_count = serializers.IntegerField()
    matches = serializers.ListField(child=serializers.DictField())
