"""What the views of texts take and give, for the OpenAPI document."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from transcripts.intelligence.operations import ANALYSES, CONTENTS, STYLE_NAMES
from transcripts.pii.kinds import ALL_KINDS

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same request sent again within a day gets the same answer.",
)
_LANGUAGE = "ISO 639-1, or `auto`: recognised."
_MODEL = "`extractive`: quoted from the text; or a language model's name. Empty: what is best here."
_DROPPED = "Sentences of a language model that the text doesn't bear out."


TEMPLATE = "In place of `type`: the id of a template (`GET /api/v1/templates/`)."
NOTES = "What `{{notes}}` of a template stands for."


class AsyncRequestSerializer(serializers.Serializer[object]):
    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        is_async = serializers.BooleanField(
            default=False, help_text="Answer with 202 and a job; as `Prefer: respond-async`."
        )
        return {**super().get_fields(), "async": is_async}


class CoverageSerializer(serializers.Serializer[object]):
    """How much of the text was read."""

    characters = serializers.IntegerField()
    characters_read = serializers.IntegerField()
    sentences = serializers.IntegerField()
    parts = serializers.IntegerField(help_text="In how many parts a language model read it.")
    complete = serializers.BooleanField()


class EvidenceSerializer(serializers.Serializer[object]):
    """Where it stands: characters of the text; of a transcript also segments and seconds."""

    characters = serializers.ListField(child=serializers.IntegerField())
    segments = serializers.ListField(child=serializers.IntegerField(), required=False)
    start = serializers.FloatField(required=False)
    end = serializers.FloatField(required=False)


class QuotedSentenceSerializer(serializers.Serializer[object]):
    text = serializers.CharField()
    evidence = EvidenceSerializer()


class SummarizeRequestSerializer(AsyncRequestSerializer):
    text = serializers.CharField()
    style = serializers.ChoiceField(choices=list(STYLE_NAMES), default="brief")  # type: ignore[assignment]  # a Field's own name
    language = serializers.CharField(required=False, help_text=_LANGUAGE)
    model = serializers.CharField(required=False, help_text=_MODEL)


class AnswerWarningSerializer(serializers.Serializer[object]):
    code = serializers.CharField(help_text="other_language, not_borne_out or no_answer.")
    message = serializers.CharField()


class SummarySerializer(serializers.Serializer[object]):
    summary = serializers.CharField()
    style = serializers.CharField()  # type: ignore[assignment]  # a Field's own name
    model = serializers.CharField(help_text="What ran.")
    approximate = serializers.BooleanField(help_text="It is quoted, not written.")
    coverage = CoverageSerializer()
    sentences = QuotedSentenceSerializer(many=True)
    warnings = AnswerWarningSerializer(many=True, required=False)
    dropped = serializers.IntegerField(required=False, help_text=_DROPPED)


class AnalyzeRequestSerializer(AsyncRequestSerializer):
    text = serializers.CharField()
    type = serializers.ChoiceField(choices=ANALYSES)
    language = serializers.CharField(required=False, help_text=_LANGUAGE)
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=[kind.value for kind in ALL_KINDS]),
        required=False,
        help_text="For pii_redact: what is masked; all where it is missing.",
    )
    recorded_on = serializers.DateField(
        required=False, help_text="For action_items: the day that due_date is counted from."
    )


class AnalysisSerializer(serializers.Serializer[object]):
    type = serializers.CharField()
    model = serializers.CharField()
    approximate = serializers.BooleanField()
    coverage = CoverageSerializer()
    result = serializers.JSONField(help_text="A list, or for sentiment and pii_redact an object.")


class GenerateRequestSerializer(AsyncRequestSerializer):
    text = serializers.CharField()
    type = serializers.ChoiceField(choices=CONTENTS, required=False)
    template = serializers.CharField(required=False, help_text=TEMPLATE)
    notes = serializers.CharField(required=False, help_text=NOTES)
    language = serializers.CharField(required=False, help_text=_LANGUAGE)
    model = serializers.CharField(required=False, help_text=_MODEL)


class UsedTemplateSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()


class ContentSerializer(serializers.Serializer[object]):
    type = serializers.CharField()
    template = UsedTemplateSerializer(required=False, help_text="Where a template was asked for.")
    model = serializers.CharField()
    approximate = serializers.BooleanField()
    coverage = CoverageSerializer()
    content = serializers.CharField(help_text="Markdown.", allow_blank=True)
    data = serializers.JSONField(  # type: ignore[assignment]  # a Serializer's own name
        help_text="The same for programs, or null."
    )
    warnings = AnswerWarningSerializer(many=True, required=False)
    sentences = QuotedSentenceSerializer(many=True, required=False, help_text="Of what is written.")
    dropped = serializers.IntegerField(required=False, help_text=_DROPPED)


class EmbedRequestSerializer(serializers.Serializer[object]):
    texts = serializers.ListField(child=serializers.CharField(allow_blank=True))
    model = serializers.CharField(required=False, help_text="all-MiniLM-L6-v2 where it is missing.")


class EmbedWarningSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    message = serializers.CharField()
    texts = serializers.ListField(child=serializers.IntegerField())


class EmbeddingsSerializer(serializers.Serializer[object]):
    embeddings = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()), help_text="Of unit length."
    )
    dimensions = serializers.IntegerField()
    model = serializers.CharField()
    warnings = EmbedWarningSerializer(many=True)


class TranslateRequestSerializer(AsyncRequestSerializer):
    text = serializers.CharField(required=False)
    texts = serializers.ListField(child=serializers.CharField(allow_blank=True), required=False)
    target = serializers.CharField(help_text="BCP 47.")
    source = serializers.CharField(  # type: ignore[assignment]  # a Field's own name
        default="en", help_text="BCP 47, or `auto`."
    )
    model = serializers.CharField(required=False)


class UntranslatedSerializer(serializers.Serializer[object]):
    text = serializers.CharField()
    characters = serializers.ListField(child=serializers.IntegerField())
    reason = serializers.CharField(help_text="length, repetition, digits, language or empty.")


class TranslatedTextSerializer(serializers.Serializer[object]):
    """Of `text` one; of `texts` they are in `translations`."""

    translated_text = serializers.CharField(required=False)
    source_language = serializers.CharField(required=False)
    target_language = serializers.CharField()
    untranslated = UntranslatedSerializer(many=True, required=False)
    translations = serializers.ListField(child=serializers.DictField(), required=False)
    model = serializers.CharField(allow_blank=True)


class TranslationLanguageSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    name = serializers.CharField()
    engine = serializers.CharField()
    model = serializers.CharField()
    installed = serializers.BooleanField()
    install_hint = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        sources = serializers.ListField(
            child=serializers.CharField(), help_text="What it translates from; empty: any."
        )
        return {**super().get_fields(), "from": sources}


class TranslationLanguagesSerializer(serializers.Serializer[object]):
    languages = TranslationLanguageSerializer(many=True)


# What is made of a transcript: as of any text, and stored.


class MadeSerializer(serializers.Serializer[object]):
    result_id = serializers.UUIDField(help_text="Of the stored result.")
    revision = serializers.IntegerField(help_text="Of the transcript that was read.")


class MadeSummarySerializer(MadeSerializer, SummarySerializer):
    pass


class MadeAnalysisSerializer(MadeSerializer, AnalysisSerializer):
    pass


class MadeContentSerializer(MadeSerializer, ContentSerializer):
    pass


class TranslatedPartSerializer(serializers.Serializer[object]):
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField(allow_blank=True)


class TranslatedSegmentSerializer(serializers.Serializer[object]):
    segment_order = serializers.IntegerField(help_text="From 0.")
    segment = serializers.CharField(help_text="Its key.")
    start = serializers.FloatField()
    end = serializers.FloatField()
    speaker = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_blank=True)
    untranslated = serializers.BooleanField(help_text="A sentence of it is as it was.")
    sentences = TranslatedPartSerializer(many=True, help_text="Sentences, and parts of them.")


class MadeTranslationSerializer(MadeSerializer):
    translated_text = serializers.CharField(allow_blank=True)
    source_language = serializers.CharField()
    target_language = serializers.CharField()
    segments = TranslatedSegmentSerializer(many=True)
    untranslated = serializers.IntegerField(help_text="Segments with a sentence that is as it was.")
    model = serializers.CharField(allow_blank=True, help_text="Empty: the text was in it already.")
