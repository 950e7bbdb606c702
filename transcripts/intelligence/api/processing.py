"""`/api/v1/processing/`: what is made of each finished transcript, by account and by tag."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Scopes, user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.rules import (
    MOST_RULES,
    InvalidRuleError,
    describe_rules,
    write_rules,
)
from transcripts.options import STEPS
from transcripts.services.note_templates import UnknownTemplateError


class RuleSerializer(serializers.Serializer[object]):
    auto_process = serializers.ListField(child=serializers.ChoiceField(choices=STEPS))
    template = serializers.CharField(allow_blank=True, help_text="A template's id; empty: none.")


class TagRuleSerializer(RuleSerializer):
    tag = serializers.CharField(max_length=50)


class ProcessingSerializer(RuleSerializer):
    """Of all recordings, but those whose tag has a rule of its own."""

    tags = TagRuleSerializer(many=True, help_text=f"At most {MOST_RULES}.")


class ProcessingView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "PUT": "manage"}

    @extend_schema(operation_id="read_processing", responses=ProcessingSerializer)
    def get(self, request: Request) -> Response:
        """Return what is made of your finished transcripts by itself."""
        return Response(describe_rules(user_of(request)))

    @raises(
        InvalidRuleError,
        UnknownTemplateError,
        ApiError("A field is not what it must be.", code="invalid_value"),
    )
    @extend_schema(
        operation_id="set_processing",
        request=ProcessingSerializer,
        responses=ProcessingSerializer,
    )
    def put(self, request: Request) -> Response:
        """Set what is made of them: of all, and of those with a tag."""
        user, body = user_of(request), Body.from_data(request.data)
        rules = [("", *_read_rule(body))]
        for each in body.objects("tags") if body.has("tags") else []:
            of_tag = Body.from_data(each)
            rules.append((of_tag.name("tag"), *_read_rule(of_tag)))
        write_rules(user, rules)
        return Response(describe_rules(user))


def _read_rule(body: Body) -> tuple[list[Any], str]:
    return body.values("auto_process"), body.name("template")
