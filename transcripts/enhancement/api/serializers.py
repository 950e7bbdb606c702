"""The shapes of answers, for the OpenAPI document. A test holds real answers against them."""

from rest_framework import serializers

from transcripts.enhancement.options import (
    DEFAULT_LUFS,
    HIGHEST_LUFS,
    LOWEST_LUFS,
    STRENGTHS,
)
from transcripts.models.status import Status
from transcripts.serializers import JobErrorSerializer


class EnhancementRequestSerializer(serializers.Serializer[object]):
    file = serializers.FileField(help_text="Any audio or video that can be transcribed.")
    strength = serializers.ChoiceField(
        choices=STRENGTHS,
        required=False,
        help_text="How much quieter anything may become: light 12 dB, standard 24 dB, full: no"
        " bound, which harms music and clean speech.",
    )
    target = serializers.FloatField(
        required=False,
        min_value=LOWEST_LUFS,
        max_value=HIGHEST_LUFS,
        default=DEFAULT_LUFS,
        help_text="Integrated loudness in LUFS (ITU-R BS.1770-4); true peaks stay below -1 dBTP.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """`async` is no name in Python."""
        is_async = serializers.BooleanField(
            required=False, help_text="Answer 202 at once; recommended above ten minutes."
        )
        return {**super().get_fields(), "async": is_async}


class EnhancementProgressSerializer(serializers.Serializer[object]):
    done_s = serializers.FloatField()
    total_s = serializers.FloatField(allow_null=True, help_text="null: not known yet.")


class LoudnessSerializer(serializers.Serializer[object]):
    before = serializers.FloatField(allow_null=True, help_text="LUFS; null: silence, or not done.")
    after = serializers.FloatField(allow_null=True)
    true_peak = serializers.FloatField(allow_null=True, help_text="dBTP.")


class EnhancementWarningSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    message = serializers.CharField()


class EnhancementSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.choices)
    file_name = serializers.CharField(allow_blank=True)
    strength = serializers.ChoiceField(choices=STRENGTHS)
    target = serializers.FloatField()
    progress = EnhancementProgressSerializer()
    audio = serializers.CharField(allow_null=True, help_text="Where the WAV file is.")
    model = serializers.CharField(
        allow_null=True, help_text="deepfilternet3, gtcrn; wiener: the engine without weights."
    )
    duration = serializers.FloatField(allow_null=True)
    rate = serializers.IntegerField(allow_null=True, help_text="Hz, the recording's own.")
    channels = serializers.IntegerField(allow_null=True)
    loudness = LoudnessSerializer()
    warnings = EnhancementWarningSerializer(many=True)
    credits_charged = serializers.IntegerField()
    error = JobErrorSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When the file and this row are deleted."
    )


class EnhancementPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EnhancementSerializer(many=True)
