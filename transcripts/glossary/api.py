"""`/api/v1/glossary/`, and what it corrects in a transcript."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Scopes, principal_of, user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError
from transcripts.editing.api.conditional import read_body
from transcripts.glossary.terms import (
    MOST_MISHEARD,
    MOST_TERMS,
    InvalidGlossaryError,
    SpokenTerm,
    find_fixes,
    list_terms,
    write_terms,
)
from transcripts.option_kinds import MAX_WORD_CHARACTERS
from transcripts.principals import find_transcript


class TermSerializer(serializers.Serializer[object]):
    text = serializers.CharField(
        max_length=MAX_WORD_CHARACTERS, help_text="As it is spelt; without a comma."
    )
    misheard = serializers.ListField(
        child=serializers.CharField(max_length=MAX_WORD_CHARACTERS),
        max_length=MOST_MISHEARD,
        required=False,
        help_text="How it comes out wrong: `glossary-fixes/` finds these.",
    )
    tag = serializers.CharField(
        max_length=50,
        required=False,
        allow_blank=True,
        help_text="For recordings with this tag; empty: for all.",
    )


class GlossarySerializer(serializers.Serializer[object]):
    terms = TermSerializer(many=True, help_text=f"At most {MOST_TERMS}.")


class GlossaryFixSerializer(serializers.Serializer[object]):
    find = serializers.CharField()
    replace = serializers.CharField()
    count = serializers.IntegerField()
    segments = serializers.ListField(child=serializers.CharField())


class GlossaryFixListSerializer(serializers.Serializer[object]):
    fixes = GlossaryFixSerializer(many=True, help_text="The most frequent first.")


class GlossaryView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read", "PUT": "manage"}

    @extend_schema(operation_id="read_glossary", responses=GlossarySerializer)
    def get(self, request: Request) -> Response:
        """Return the terms that your recordings are about.

        They are among the hot words of every new transcription; those of a tag when a recording
        with it is transcribed again.
        """
        return Response(_show(list_terms(user_of(request))))

    @raises(InvalidGlossaryError)
    @extend_schema(
        operation_id="set_glossary", request=GlossarySerializer, responses=GlossarySerializer
    )
    def put(self, request: Request) -> Response:
        """Set the terms: these take the place of all."""
        user, body = user_of(request), read_body(GlossarySerializer, request)
        write_terms(user, [_read_term(**each) for each in body["terms"]])
        return Response(_show(list_terms(user)))


class GlossaryFixesView(APIView):
    scopes: ClassVar[Scopes] = {"GET": "read"}

    @raises(TranscriptNotFoundError)
    @extend_schema(operation_id="list_glossary_fixes", responses=GlossaryFixListSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """List the misheard spellings of your glossary in a transcript, to be replaced at once.

        Nothing is changed: each `find` and `replace` is what a replacement takes.
        """
        transcript = find_transcript(principal_of(request), transcript_id)
        fixes = find_fixes(user_of(request), transcript)
        return Response({"fixes": [asdict(fix) for fix in fixes]})


def _read_term(*, text: str, misheard: Sequence[str] = (), tag: str = "") -> SpokenTerm:
    return SpokenTerm(text=text, misheard=tuple(dict.fromkeys(misheard)), tag=tag)


def _show(terms: list[SpokenTerm]) -> dict[str, Any]:
    return {
        "terms": [
            {"text": term.text, "misheard": list(term.misheard), "tag": term.tag} for term in terms
        ]
    }
