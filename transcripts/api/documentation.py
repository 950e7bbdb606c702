"""What the plain asynchronous views take and give, for the OpenAPI document. None of this runs."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.views import APIView

from transcripts import serializers


class TranscribeDocumentation(APIView):
    authentication_classes = ()

    @extend_schema(
        operation_id="transcribe",
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="The same request sent again within a day gets the same answer.",
            )
        ],
        request={"multipart/form-data": serializers.TranscriptionRequestSerializer},
        responses={200: serializers.TranscriptionSerializer, 202: serializers.AcceptedSerializer},
    )
    def post(self) -> None:
        """Transcribe a recording, and wait for it; with `async=true`, get 202 with its address."""


class ModelsDocumentation(APIView):
    authentication_classes = ()

    @extend_schema(operation_id="list_models", responses=serializers.ModelListSerializer)
    def get(self) -> None:
        """List the models, and which of them are installed here."""


class LanguagesDocumentation(APIView):
    authentication_classes = ()

    @extend_schema(operation_id="list_languages", responses=serializers.LanguageListSerializer)
    def get(self) -> None:
        """List the languages: Whisper's, with its codes and names."""


class FormatsDocumentation(APIView):
    authentication_classes = ()

    @extend_schema(operation_id="list_formats", responses=serializers.FormatListSerializer)
    def get(self) -> None:
        """List the formats that are accepted; recognised by content."""


class HealthDocumentation(APIView):
    authentication_classes = ()

    @extend_schema(
        operation_id="health",
        responses={200: serializers.HealthSerializer, 503: serializers.HealthSerializer},
    )
    def get(self) -> None:
        """Report whether the server works; 503 `degraded` where a part is down."""


class EventsDocumentation(APIView):
    @extend_schema(
        operation_id="follow_transcript",
        responses={
            (200, "text/event-stream"): OpenApiTypes.STR,
            204: OpenApiResponse(description="`Last-Event-ID` says that all was seen."),
        },
    )
    def get(self) -> None:
        """Follow a transcript: `status`, `queue`, `progress`, `segment` and `done` events."""


class AudioDocumentation(APIView):
    @extend_schema(
        operation_id="read_audio",
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One byte range.")
        ],
        responses={
            (200, "audio/*"): OpenApiTypes.BINARY,
            (206, "audio/*"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="`If-None-Match` names the recording."),
        },
    )
    def get(self) -> None:
        """Return the recording, or a range of its bytes, for a player."""
