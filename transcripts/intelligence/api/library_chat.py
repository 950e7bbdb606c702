"""`/api/v1/chat/`: questions about all of one's transcripts, or those that the request names."""

import functools
from datetime import datetime, time
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.intelligence.answers import follow_up
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.api.chat import (
    LONGEST_QUESTION,
    ChatSessionPageSerializer,
    ChatSourceSerializer,
    ConversationSerializer,
    read_question,
)
from transcripts.intelligence.api.results import IntelligenceView, read_body
from transcripts.intelligence.api.work import order_work
from transcripts.intelligence.chat import (
    ChatNotFoundError,
    describe_session,
    describe_turns,
    get_session,
    list_questions,
)
from transcripts.intelligence.engines import TEXT_ERRORS
from transcripts.intelligence.library_chat import (
    LibraryScope,
    answer_library_question,
    embed_library_question,
    prepare_library_question,
)
from transcripts.intelligence.models import ChatSession

_MOST_IDS = 1_000


class LibraryQuestionSerializer(serializers.Serializer[object]):
    question = serializers.CharField(max_length=LONGEST_QUESTION)
    session_id = serializers.UUIDField(required=False)
    transcripts = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="Only these."
    )
    tag = serializers.CharField(required=False)
    speaker = serializers.CharField(required=False, help_text="A name given to a speaker.")
    created_after = serializers.CharField(required=False, help_text="A date, or date and time.")
    created_before = serializers.CharField(required=False)


class LibrarySourceSerializer(ChatSourceSerializer):
    transcript = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)


class LibraryCoverageSerializer(serializers.Serializer[object]):
    transcripts = serializers.IntegerField(help_text="That the question is about.")
    searched = serializers.IntegerField(
        help_text="The others are not indexed yet: each question indexes some."
    )
    complete = serializers.BooleanField()


class LibraryAnswerSerializer(serializers.Serializer[object]):
    answer = serializers.CharField()
    found = serializers.BooleanField()
    sources = LibrarySourceSerializer(many=True)
    session_id = serializers.UUIDField()
    model = serializers.CharField()
    approximate = serializers.BooleanField()
    coverage = LibraryCoverageSerializer()


class LibraryChatView(IntelligenceView):
    @raises(PageNotFoundError)
    @extend_schema(operation_id="list_library_chats", responses=ChatSessionPageSerializer)
    def get(self, request: Request) -> Response:
        """List the conversations about the library, the last one first."""
        rows = ChatSession.objects.filter(owner=user_of(request), transcript=None)
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows.order_by("-updated_at"), request, view=self)
        return paginator.get_paginated_response([describe_session(row) for row in page or []])

    @raises(*TEXT_ERRORS, ChatNotFoundError)
    @extend_schema(
        operation_id="ask_library",
        request=LibraryQuestionSerializer,
        responses=LibraryAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Ask a question about all of your transcripts, or some; the answer quotes the nearest."""
        user, body = user_of(request), read_body(request)
        text, session_id = read_question(body.text("question")), body.uuid("session_id")
        session = get_session(user, session_id, transcript=None) if session_id else None
        question = prepare_library_question(
            user,
            text,
            searched=follow_up(text, list_questions(session)),
            scope=_read_scope(body),
        )
        return order_work(
            request,
            functools.partial(embed_library_question, question),
            finish=functools.partial(
                answer_library_question, question=question, user=user, session=session
            ),
            characters=0,
            is_interactive=True,
        )


class LibraryConversationView(IntelligenceView):
    @raises(ChatNotFoundError)
    @extend_schema(operation_id="read_library_chat", responses=ConversationSerializer)
    def get(self, request: Request, library_chat_id: UUID) -> Response:
        """Return a conversation about the library with its turns."""
        session = get_session(user_of(request), library_chat_id, transcript=None)
        return Response({**describe_session(session), "turns": describe_turns(session)})

    @raises(ChatNotFoundError)
    @extend_schema(operation_id="delete_library_chat", responses={204: None})
    def delete(self, request: Request, library_chat_id: UUID) -> Response:
        """Delete a conversation about the library."""
        get_session(user_of(request), library_chat_id, transcript=None).delete()
        return Response(status=204)


def _read_scope(body: Body) -> LibraryScope:
    return LibraryScope(
        ids=tuple(body.uuids("transcripts", most=_MOST_IDS)),
        tag=body.name("tag"),
        speaker=body.name("speaker"),
        created_after=_read_time(body, "created_after"),
        created_before=_read_time(body, "created_before"),
    )


def _read_time(body: Body, name: str) -> datetime | None:
    text = body.name(name)
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)) is not None:
            moment = datetime.combine(day, time())
    except ValueError:
        moment = None
    if moment is None:
        raise ApiError(
            f"{name} must be a date such as 2026-11-27, or a date and time.", code="invalid_value"
        )
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
