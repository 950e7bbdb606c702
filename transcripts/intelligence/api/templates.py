"""`/api/v1/templates/`: the built-in templates, and the account's own."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import (
    IDEMPOTENCY_ERRORS,
    answer_request_once,
    fingerprint_request,
)
from accounts.permissions import Scopes, user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from transcripts.intelligence.api import shapes
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.models import NoteTemplate
from transcripts.intelligence.outlines.fill import SOURCES
from transcripts.intelligence.outlines.find import (
    BUILT_IN_NAMES,
    MOST_INSTRUCTION,
    MOST_SECTIONS,
    MOST_TITLE,
    InvalidTemplateError,
    TemplateNotFoundError,
    TooManyTemplatesError,
    check_sections,
    describe_built_in,
    get_template,
)
from transcripts.intelligence.outlines.variables import VARIABLES
from transcripts.intelligence.outlines.write import create_template, list_templates

_CREATING_S = 30.0
_INVALID = ApiError("A field is missing, or is not what it must be.", code="invalid_value")
_IN = OpenApiParameter("language", str, description="Of the built-in ones: en or cs.")
_VARIABLES = f"May hold {', '.join(f'{{{{{name}}}}}' for name in VARIABLES)}."


class OutlineSectionSerializer(serializers.Serializer[object]):
    title = serializers.CharField(max_length=MOST_TITLE, help_text=_VARIABLES)
    instruction = serializers.CharField(
        max_length=MOST_INSTRUCTION,
        required=False,
        allow_blank=True,
        help_text=f"What the section is to say. {_VARIABLES}",
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a Field's own name
        choices=SOURCES, default="passages", help_text="What is quoted without a language model."
    )


class NoteTemplateRequestSerializer(serializers.Serializer[object]):
    name = serializers.CharField(max_length=100)
    sections = OutlineSectionSerializer(many=True, help_text=f"At most {MOST_SECTIONS}.")


class NoteTemplateSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    is_built_in = serializers.BooleanField()
    sections = OutlineSectionSerializer(many=True)


class NoteTemplateListSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = NoteTemplateSerializer(many=True)


class TemplateListView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "POST": "manage"}

    @extend_schema(
        operation_id="list_templates", parameters=[_IN], responses=NoteTemplateListSerializer
    )
    def get(self, request: Request) -> Response:
        """List the built-in templates and your own: all on one page."""
        own = list_templates(user_of(request))
        language = request.GET.get("language", "en")
        listed = [
            {**describe_built_in(each, language=language), "is_built_in": True}
            for each in BUILT_IN_NAMES
        ]
        listed += map(_describe, own)
        return Response({"count": len(listed), "next": None, "previous": None, "results": listed})

    @raises(InvalidTemplateError, TooManyTemplatesError, _INVALID, *IDEMPOTENCY_ERRORS)
    @extend_schema(
        operation_id="create_template",
        parameters=[shapes.IDEMPOTENCY],
        request=NoteTemplateRequestSerializer,
        responses={201: NoteTemplateSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a template of your own."""
        user, asked = user_of(request), _read(request)
        return answer_request_once(
            request,
            fingerprint=fingerprint_request(request.path, request.data),
            lasts_s=_CREATING_S,
            answer=lambda: Response(_describe(create_template(user, **asked)), status=201),
        )


class TemplateView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "PUT": "manage", "DELETE": "manage"}

    @raises(TemplateNotFoundError)
    @extend_schema(operation_id="read_template", parameters=[_IN], responses=NoteTemplateSerializer)
    def get(self, request: Request, template_id: str) -> Response:
        """Return a template: a built-in one, or one of yours."""
        if template_id in BUILT_IN_NAMES:
            language = request.GET.get("language", "en")
            described = describe_built_in(template_id, language=language)
            return Response({**described, "is_built_in": True})
        return Response(_describe(get_template(user_of(request), template_id)))

    @raises(TemplateNotFoundError, InvalidTemplateError, _INVALID)
    @extend_schema(
        operation_id="change_template",
        request=NoteTemplateRequestSerializer,
        responses=NoteTemplateSerializer,
    )
    def put(self, request: Request, template_id: str) -> Response:
        """Change a template of yours."""
        template, asked = get_template(user_of(request), template_id), _read(request)
        template.name, template.sections = asked["name"], asked["sections"]
        template.save(update_fields=["name", "sections", "updated_at"])
        return Response(_describe(template))

    @raises(TemplateNotFoundError)
    @extend_schema(operation_id="delete_template", responses={204: None})
    def delete(self, request: Request, template_id: str) -> Response:
        """Delete a template of yours. What was made by it stays."""
        get_template(user_of(request), template_id).delete()
        return Response(status=204)


def _read(request: Request) -> dict[str, Any]:
    body = Body.from_data(request.data)
    name = body.name("name")
    if not name:
        raise ApiError("name is missing: send it as a string.", code="invalid_value")
    return {"name": name, "sections": check_sections(body.objects("sections"))}


def _describe(template: NoteTemplate) -> dict[str, Any]:
    return {
        "id": str(template.pk),
        "name": template.name,
        "is_built_in": False,
        "sections": template.sections,
    }
