"""What is sent to change a transcript, and what comes back, for checking and for the OpenAPI
document."""

import math

from rest_framework import serializers

from transcripts.models import EditAction
from transcripts.serializers import UNMEASURED, GapSerializer, WarningSerializer
from transcripts.text.retokenize import normalize_text

MAX_SECONDS = 10_000_000
MAX_TAGS = 20


class SecondsField(serializers.FloatField):
    """Seconds outside, whole milliseconds inside."""

    def to_internal_value(self, data: object) -> int:
        seconds = super().to_internal_value(data)  # type: ignore[arg-type]  # what JSON has
        if not (math.isfinite(seconds) and 0 <= seconds <= MAX_SECONDS):
            raise serializers.ValidationError("This must be a number of seconds, from 0.")
        return round(seconds * 1000)


class TextField(serializers.CharField):
    """Text; a number is refused, where Django REST framework would take its digits."""

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("This must be text.")
        return super().to_internal_value(data)


class LineField(TextField):
    """One line of text, without control characters."""

    def to_internal_value(self, data: object) -> str:
        return normalize_text(super().to_internal_value(data))


class DescribeRequestSerializer(serializers.Serializer[object]):
    title = LineField(required=False, allow_blank=True, max_length=255)
    tags = serializers.ListField(
        child=LineField(max_length=50),
        required=False,
        max_length=MAX_TAGS,
        help_text="All of them; what is missing is taken off.",
    )
    language_note = LineField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="A note of yours on the language spoken.",
    )


class SegmentRequestSerializer(serializers.Serializer[object]):
    text = TextField(required=False, max_length=20_000)
    start = SecondsField(required=False)
    end = SecondsField(required=False)
    speaker = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=30_000, help_text="Its number."
    )


class SplitRequestSerializer(serializers.Serializer[object]):
    at_word = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        help_text="The word (from 0) that the second part begins.",
    )
    at_character = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=20_000,
        help_text="Instead: a place in the text; the word that it lies in stays in the first part.",
    )
    new_id = serializers.RegexField(
        r"\A[0-9a-f]{16}\Z",
        required=False,
        help_text="Of the second part: 16 hexadecimal digits of your choice.",
    )

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if ("at_word" in attrs) == ("at_character" in attrs):
            raise serializers.ValidationError("Give either at_word or at_character.")
        return attrs


class OccurrencesSerializer(serializers.Serializer[object]):
    find = TextField(max_length=500, trim_whitespace=False, help_text="Plain text.")
    match_case = serializers.BooleanField(default=False)
    whole_words = serializers.BooleanField(default=False)


class ReplaceRequestSerializer(OccurrencesSerializer):
    replace = TextField(
        max_length=500,
        trim_whitespace=False,
        allow_blank=True,
        help_text="Segments that are left without text are removed.",
    )
    segments = serializers.ListField(
        child=serializers.CharField(max_length=16),
        required=False,
        max_length=500,
        help_text="Only in these; else in all.",
    )


class OccurrenceSerializer(serializers.Serializer[object]):
    id = serializers.CharField(help_text="The segment's.")
    start = serializers.FloatField()
    text = serializers.CharField()
    places = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="From which character to which, in code points.",
    )


class OccurrenceListSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField(help_text="Of places, in all segments.")
    segments = OccurrenceSerializer(many=True, help_text="At most 500.")


class MergeRequestSerializer(serializers.Serializer[object]):
    segments = serializers.ListField(
        child=serializers.CharField(max_length=16), min_length=2, max_length=100
    )


class MoveWordsRequestSerializer(serializers.Serializer[object]):
    segment = serializers.CharField(max_length=16, help_text="That the words are taken from.")
    to = serializers.ChoiceField(choices=["next", "previous"])
    words = serializers.IntegerField(default=1, min_value=1, max_value=100_000)


class SpeakerRequestSerializer(serializers.Serializer[object]):
    name = LineField(allow_blank=True, max_length=100, help_text="Empty: the label again.")


class RecountRequestSerializer(serializers.Serializer[object]):
    speakers = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=1000,
        help_text="Exactly so many; 0 or left out: find the number.",
    )


class MergeSpeakersRequestSerializer(serializers.Serializer[object]):
    speakers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=30_000), min_length=1, max_length=100
    )
    into = serializers.IntegerField(min_value=1, max_value=30_000)


class AssignSpeakerRequestSerializer(serializers.Serializer[object]):
    start = SecondsField()
    end = SecondsField()
    speaker = serializers.IntegerField(allow_null=True, min_value=1, max_value=30_000)


class EditedWordSerializer(serializers.Serializer[object]):
    word = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    confidence = serializers.FloatField(allow_null=True, help_text=UNMEASURED)
    timing = serializers.ChoiceField(
        choices=["aligned", "attention", "interpolated", "imported"],
        help_text="By forced alignment with the sound; by the recogniser's attention; placed by"
        " length; or as an imported file said.",
    )


class EditableSegmentSerializer(serializers.Serializer[object]):
    id = serializers.CharField(help_text="Stays through edits.")
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField()
    speaker = serializers.CharField(allow_null=True, help_text="The name, or the label.")
    speaker_number = serializers.IntegerField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True, help_text=UNMEASURED)
    words = EditedWordSerializer(many=True)


class SegmentPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EditableSegmentSerializer(many=True)


class SpeakerSerializer(serializers.Serializer[object]):
    number = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]  # a Field's own name
    name = serializers.CharField(allow_blank=True)


class SpeakerListSerializer(serializers.Serializer[object]):
    speakers = SpeakerSerializer(many=True)


class EditedSerializer(serializers.Serializer[object]):
    """What an edit left."""

    revision = serializers.IntegerField(help_text="Also the ETag; for the next `If-Match`.")
    text_revision = serializers.IntegerField(
        help_text="The last revision that changed what is said: results made before are stale."
    )
    is_corrected = serializers.BooleanField()
    segments = EditableSegmentSerializer(
        many=True, help_text="Those that changed, in order; at most 100."
    )
    removed = serializers.ListField(
        child=serializers.CharField(), help_text="Segments that are gone."
    )
    complete = serializers.BooleanField(help_text="False: more changed than is listed.")
    gaps_changed = serializers.BooleanField(help_text="True: a gap was filled, or opened again.")
    speakers = SpeakerSerializer(many=True)


class GapRequestSerializer(serializers.Serializer[object]):
    action = serializers.ChoiceField(choices=["keep", "retry"])
    language = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20,
        help_text="Of a retry: another language than the transcript's.",
    )


class GapAnswerSerializer(EditedSerializer):
    found = serializers.BooleanField(help_text="False: a retry found nothing; the gap stays.")
    gaps = GapSerializer(many=True, help_text="Those that are left.")
    warnings = WarningSerializer(many=True)


class WordsChangedSerializer(serializers.Serializer[object]):
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class RevisionSerializer(serializers.Serializer[object]):
    number = serializers.IntegerField()
    action = serializers.ChoiceField(choices=EditAction.choices)
    author = serializers.CharField(allow_null=True, help_text="null: the account is gone.")
    restored = serializers.IntegerField(allow_null=True)
    summary = WordsChangedSerializer(many=True, help_text="A few of the words that it changed.")
    created_at = serializers.DateTimeField()


class RevisionPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RevisionSerializer(many=True)


class TextRunSerializer(serializers.Serializer[object]):
    op = serializers.ChoiceField(choices=["equal", "delete", "insert"])
    text = serializers.CharField()


class SegmentDifferenceSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    change = serializers.ChoiceField(choices=["added", "removed", "changed"])
    before = serializers.DictField(allow_null=True, help_text="What differs, as it was.")
    after = serializers.DictField(allow_null=True)
    words = TextRunSerializer(many=True, help_text="Empty where the text is the same.")


class DifferenceSerializer(serializers.Serializer[object]):
    older = serializers.IntegerField()
    newer = serializers.IntegerField()
    segments = SegmentDifferenceSerializer(many=True)
    speakers = serializers.DictField(help_text="By number: before and after.")
    fields_ = serializers.DictField(help_text="Title, tags, notes: before and after.")

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """Call it `fields`, which is a serializer's own name."""
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}


class RetentionSerializer(serializers.Serializer[object]):
    audio_days = serializers.IntegerField(
        allow_null=True,
        min_value=0,
        max_value=3650,
        help_text="Days that recordings are kept; 0: until completion; null: no limit.",
    )
    transcript_days = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=3650, help_text="The same for transcripts."
    )
    embedding_days = serializers.IntegerField(
        allow_null=True,
        required=False,
        default=None,
        min_value=0,
        max_value=3650,
        help_text=(
            "Days that voice data is kept, from which speakers can be counted again; 0: none is "
            "kept; null: as long as the server says, and not longer than the recording."
        ),
    )
