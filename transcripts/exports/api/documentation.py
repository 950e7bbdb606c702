"""What the views of exports take and give, for the OpenAPI document. None of this runs."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.views import APIView

from transcripts.exports.options import TIMESTAMPS
from transcripts.exports.profiles import PROFILES
from transcripts.exports.redaction import KINDS
from transcripts.exports.render import EXPORTS
from transcripts.serializers import TranscriptSummarySerializer

PROFILE_PARAMETERS = [
    OpenApiParameter(
        "profile",
        str,
        enum=[*PROFILES, "custom"],
        description="How subtitles are cut and timed.",
    ),
    OpenApiParameter("line_characters", int, description="With profile=custom: 8 to 100."),
    OpenApiParameter("lines", int, description="With profile=custom: 1 to 4."),
    OpenApiParameter("characters_a_second", float, description="With profile=custom: 4 to 50."),
    OpenApiParameter("min_duration", float, description="With profile=custom, seconds: 0.1 to 5."),
    OpenApiParameter("max_duration", float, description="With profile=custom, seconds: 1 to 30."),
    OpenApiParameter("gap", float, description="With profile=custom, seconds: 0 to 1."),
]
OPTION_PARAMETERS = [
    OpenApiParameter("speakers", bool, description="Whether speakers are named; true."),
    OpenApiParameter(
        "timestamps",
        str,
        enum=TIMESTAMPS,
        description="In txt (none by default), docx and pdf (inline by default).",
    ),
    OpenApiParameter(
        "paragraphs",
        bool,
        description="In txt, docx and pdf: whether segments of one speaker are gathered; true.",
    ),
    OpenApiParameter(
        "include_gaps",
        bool,
        description="Whether speech that is not in the text is named in its place; false. JSON"
        " lists it in `gaps` in any case.",
    ),
    OpenApiParameter(
        "redact",
        str,
        description=f"Mask, by rules: all, or a list with commas of {', '.join(KINDS)}.",
    ),
    *PROFILE_PARAMETERS,
]


class ExportDocumentation(APIView):
    @extend_schema(
        operation_id="export_transcript",
        parameters=[
            OpenApiParameter(
                "format_name", str, location=OpenApiParameter.PATH, enum=list(EXPORTS)
            ),
            *OPTION_PARAMETERS,
        ],
        responses={
            **{
                (200, export.content_type.partition(";")[0]): OpenApiTypes.BINARY
                for export in EXPORTS.values()
            },
            202: inline_serializer("ExportPreparing", {"status": serializers.CharField()}),
        },
    )
    def get(self) -> None:
        """Return the transcript as a file, with an ETag; 202 with Retry-After where a worker is
        still making it (docx, pdf)."""


class LintDocumentation(APIView):
    @extend_schema(
        operation_id="lint_subtitles",
        parameters=PROFILE_PARAMETERS,
        responses=inline_serializer(
            "LintReport",
            {
                "profile": serializers.DictField(),
                "cues": serializers.IntegerField(),
                "counts": serializers.DictField(child=serializers.IntegerField()),
                "findings": serializers.ListField(child=serializers.DictField()),
            },
        ),
    )
    def get(self) -> None:
        """Report where the subtitles break a profile's rules."""


class ImportDocumentation(APIView):
    @extend_schema(
        operation_id="import_transcript",
        request={
            "multipart/form-data": inline_serializer(
                "ImportRequest",
                {
                    "file": serializers.FileField(
                        help_text="srt, vtt, ass, ssa, sbv, or our own json."
                    ),
                    "title": serializers.CharField(required=False),
                    "language": serializers.CharField(required=False),
                    "encoding": serializers.CharField(
                        required=False,
                        help_text="Of a file that is not in UTF-8, such as cp1250; else guessed.",
                    ),
                },
            )
        },
        responses={201: TranscriptSummarySerializer},
    )
    def post(self) -> None:
        """Make a transcript of subtitles, or of our own JSON. It costs nothing."""
