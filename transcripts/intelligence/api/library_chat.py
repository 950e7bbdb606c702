"""`/api/v1/chat/`: questions about all of one's transcripts, or those that the request names."""

import functools
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.intelligence.answers import Emit, follow_up
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.api.chat import (
    LONGEST_QUESTION,
    ChatSessionPageSerializer,
    ChatSessionSerializer,
    ChatSourceSerializer,
    ChatTurnSerializer,
    EventStreamRenderer,
    answer_or_stream,
    ignore_events,
    read_question,
)
from transcripts.intelligence.api.results import IntelligenceView, read_body
from transcripts.intelligence.api.shapes import AnswerWarningSerializer
from transcripts.intelligence.api.work import NextWork, order_work
from transcripts.intelligence.chat import (
    ChatNotFoundError,
    delete_session,
    describe_session,
    describe_turns,
    get_session,
    list_questions,
)
from transcripts.intelligence.engines import TEXT_ERRORS, TextEngines
from transcripts.intelligence.library_chat import (
    LibraryScope,
    embed_library_question,
    find_in_library,
    list_transcripts,
    prepare_library_question,
    quote_from_library,
    store_library_turn,
    write_from_library,
)
from transcripts.intelligence.library_routes import (
    LibraryAnswer,
    answer_by_counting,
    is_about_the_library,
    plan_summaries,
    write_summaries,
)
from transcripts.intelligence.library_search import LibraryVectors
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
    model = serializers.CharField(
        required=False, help_text="`extractive`, or a language model's name."
    )


class LibrarySourceSerializer(ChatSourceSerializer):
    transcript = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)
    number = serializers.IntegerField(
        required=False, help_text="What a mark such as [3] in a written answer stands for."
    )


class LibraryTurnSerializer(ChatTurnSerializer):
    sources = LibrarySourceSerializer(many=True)


class LibraryConversationSerializer(ChatSessionSerializer):
    turns = LibraryTurnSerializer(many=True)


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
    unsupported = serializers.IntegerField()
    warnings = AnswerWarningSerializer(many=True)
    usage = serializers.DictField(child=serializers.IntegerField())
    coverage = LibraryCoverageSerializer()


class LibraryChatView(IntelligenceView):
    renderer_classes = [JSONRenderer, EventStreamRenderer]

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
        """Ask a question about all of your transcripts, or some; the answer names its sources.

        How many, who most, which is the latest, and "summarise all" are counted and summarised, not
        searched. With `Accept: text/event-stream` it comes as events.
        """
        user, body = user_of(request), read_body(request)
        text, session_id = read_question(body.text("question")), body.uuid("session_id")
        session = get_session(user, session_id, transcript=None) if session_id else None
        model = body.name("model")
        transcripts = list_transcripts(user, _read_scope(body))
        finish = functools.partial(
            store_library_turn, question=text, user=user, session=session, count=len(transcripts)
        )
        order = functools.partial(order_work, request, is_interactive=True)
        counted = answer_by_counting(user, text, transcripts)
        if counted is not None:
            return order(_do_nothing, finish=lambda _: finish(counted), characters=0)
        if is_about_the_library(text):
            plan = plan_summaries(text, transcripts)

            def summarise(engines: TextEngines, emit: Emit = ignore_events) -> LibraryAnswer:
                return write_summaries(plan, engines, model=model)

            characters = sum(len(each.source.text) for each in plan.items if each.source)
            return order(summarise, finish=finish, characters=characters)
        question = prepare_library_question(
            user,
            text,
            searched=follow_up(text, list_questions(session)),
            transcripts=transcripts,
            model=model,
        )

        def embed(engines: TextEngines, emit: Emit = ignore_events) -> LibraryVectors:
            return embed_library_question(question, engines)

        def search(vectors: LibraryVectors) -> dict[str, Any] | NextWork:
            found = find_in_library(vectors, question)
            if not found.hits:
                return finish(quote_from_library(found, question))

            def write(engines: TextEngines, emit: Emit = ignore_events) -> LibraryAnswer:
                return write_from_library(found, question, engines, emit)

            return NextWork(write, finish)

        return order(embed, finish=search, characters=0)


class LibraryConversationView(IntelligenceView):
    @raises(ChatNotFoundError)
    @extend_schema(operation_id="read_library_chat", responses=LibraryConversationSerializer)
    def get(self, request: Request, library_chat_id: UUID) -> Response:
        """Return a conversation about the library with its turns."""
        session = get_session(user_of(request), library_chat_id, transcript=None)
        return Response({**describe_session(session), "turns": describe_turns(session)})

    @raises(ChatNotFoundError)
    @extend_schema(operation_id="delete_library_chat", responses={204: None})
    def delete(self, request: Request, library_chat_id: UUID) -> Response:
        """Delete a conversation about the library."""
        delete_session(get_session(user_of(request), library_chat_id, transcript=None))
        return Response(status=204)


library_chat = answer_or_stream(LibraryChatView)


def _do_nothing(engines: TextEngines, emit: Emit = ignore_events) -> None:
    """What was counted needs no engine."""


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
