"""`transcripts/:id/chat/`: questions and conversations; with `Accept: text/event-stream` as events.

    sources {"sources"}   delta {"text"}   done {the whole answer}   error {"error", "code"}

`delta`s are what a language model writes, as it writes it; `done` has what of it is borne out.
"""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import user_of
from stt_web.core.documentation import documented_as, raises
from stt_web.core.error_responses import internal_error
from stt_web.core.errors import ApiError
from stt_web.core.pagination import PageNotFoundError, PageNumberPagination
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.intelligence.api.results import RESULT_ERRORS, IntelligenceView, read_body
from transcripts.intelligence.api.work import (
    WorkOrder,
    answer_order,
    complete_order,
    count_order,
    order_work,
)
from transcripts.intelligence.chat import (
    ChatNotFoundError,
    answer_question,
    delete_session,
    describe_session,
    describe_turns,
    get_session,
    prepare_question,
    store_turn,
)
from transcripts.intelligence.engines import TEXT_ERRORS
from transcripts.intelligence.models import ChatSession

LONGEST_QUESTION = 2_000
_COMMENT_EVERY_S = 15.0
_EVENTS = "text/event-stream"


class EventStreamRenderer(BaseRenderer):
    """Lets DRF accept `Accept: text/event-stream`; what it would render itself are refusals."""

    media_type = _EVENTS
    format = "events"

    def render(self, data: Any, *_: object) -> bytes:
        return b"" if data is None else JSONRenderer().render(data)


class ChatRequestSerializer(serializers.Serializer[object]):
    question = serializers.CharField(max_length=LONGEST_QUESTION)
    session_id = serializers.UUIDField(required=False, help_text="Of a conversation to go on with.")
    model = serializers.CharField(
        required=False, help_text="`extractive`, or a language model's name."
    )


class ChatSourceSerializer(serializers.Serializer[object]):
    segment_order = serializers.IntegerField(help_text="From 0.")
    segment = serializers.CharField()
    text = serializers.CharField()
    score = serializers.FloatField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    speaker = serializers.CharField(allow_null=True)


class ChatAnswerSerializer(serializers.Serializer[object]):
    answer = serializers.CharField()
    found = serializers.BooleanField(help_text="Whether anything here is about the question.")
    sources = ChatSourceSerializer(many=True)
    session_id = serializers.UUIDField()
    model = serializers.CharField()
    approximate = serializers.BooleanField(help_text="Passages are quoted.")
    unsupported = serializers.IntegerField(help_text="Sentences that the sources don't bear out.")
    usage = serializers.DictField(child=serializers.IntegerField())
    revision = serializers.IntegerField()


class ChatSessionSerializer(serializers.Serializer[object]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ChatSessionPageSerializer(serializers.Serializer[object]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ChatSessionSerializer(many=True)


class ChatTurnSerializer(serializers.Serializer[object]):
    question = serializers.CharField()
    answer = serializers.CharField()
    found = serializers.BooleanField()
    sources = ChatSourceSerializer(many=True)
    model = serializers.CharField()
    revision = serializers.IntegerField()
    is_stale = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class ConversationSerializer(ChatSessionSerializer):
    turns = ChatTurnSerializer(many=True)


class ChatView(IntelligenceView):
    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @raises(TranscriptNotFoundError, PageNotFoundError)
    @extend_schema(operation_id="list_chats", responses=ChatSessionPageSerializer)
    def get(self, request: Request, transcript_id: UUID) -> Response:
        """List the conversations about a transcript, the last one first."""
        transcript = get_transcript(user_of(request), transcript_id)
        rows = ChatSession.objects.filter(transcript=transcript).order_by("-updated_at")
        paginator = PageNumberPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response([describe_session(row) for row in page or []])

    @raises(*TEXT_ERRORS, *RESULT_ERRORS, ChatNotFoundError)
    @extend_schema(
        operation_id="ask_transcript",
        request=ChatRequestSerializer,
        responses=ChatAnswerSerializer,
    )
    def post(self, request: Request, transcript_id: UUID) -> Response:
        """Ask a question about a transcript; the answer names its sources.

        With `Accept: text/event-stream` it comes as events: `sources`, `delta`, `done`, `error`.
        """
        user = user_of(request)
        transcript, body = get_transcript(user, transcript_id), read_body(request)
        text, session_id = read_question(body.text("question")), body.uuid("session_id")
        session = get_session(user, session_id, transcript=transcript) if session_id else None
        question = prepare_question(transcript, text, session=session, model=body.name("model"))
        return order_work(
            request,
            lambda engines, emit=ignore_events: answer_question(question, engines, emit=emit),
            finish=functools.partial(
                store_turn, question=question, user=user, transcript=transcript, session=session
            ),
            characters=0,
            is_interactive=True,
        )


class ConversationView(IntelligenceView):
    @raises(TranscriptNotFoundError, ChatNotFoundError)
    @extend_schema(operation_id="read_chat", responses=ConversationSerializer)
    def get(self, request: Request, transcript_id: UUID, chat_id: UUID) -> Response:
        """Return a conversation with its turns."""
        user = user_of(request)
        transcript = get_transcript(user, transcript_id)
        session = get_session(user, chat_id, transcript=transcript)
        return Response({**describe_session(session), "turns": describe_turns(session)})

    @raises(TranscriptNotFoundError, ChatNotFoundError)
    @extend_schema(operation_id="delete_chat", responses={204: None})
    def delete(self, request: Request, transcript_id: UUID, chat_id: UUID) -> Response:
        """Delete a conversation."""
        user = user_of(request)
        transcript = get_transcript(user, transcript_id)
        delete_session(get_session(user, chat_id, transcript=transcript))
        return Response(status=204)


def read_question(text: str) -> str:
    """Raises ApiError."""
    question = " ".join(text.split())
    if not question:
        raise ApiError("question is empty: ask something.", code="invalid_value")
    if len(question) > LONGEST_QUESTION:
        raise ApiError(
            f"question may have at most {LONGEST_QUESTION} characters.", code="invalid_value"
        )
    return question


def answer_or_stream(view: type[APIView]) -> Callable[..., Any]:
    """Return the URL's view for an APIView of questions: the answer whole, or as events."""
    checked = view.as_view()

    @documented_as(view)
    @csrf_exempt  # DRF checks it, for those who come with a cookie
    async def answer(request: HttpRequest, **path: Any) -> HttpResponseBase:
        response: HttpResponseBase = await sync_to_async(checked)(request, **path)
        order = getattr(response, "order", None)
        if not isinstance(order, WorkOrder):
            return response
        if _EVENTS in request.headers.get("Accept", ""):
            counted = await sync_to_async(count_order)(order)
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **counted}
            return StreamingHttpResponse(_stream(order), content_type=_EVENTS, headers=headers)
        return await answer_order(order)

    return answer


chat = answer_or_stream(ChatView)


async def _stream(order: WorkOrder) -> AsyncIterator[bytes]:
    """Yield the events; a client that leaves ends the work."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def emit(name: str, data: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(events.put_nowait, (name, data))

    task = asyncio.ensure_future(complete_order(order, emit))
    try:
        while not (task.done() and events.empty()):
            waiting = asyncio.ensure_future(events.get())
            await asyncio.wait(
                {task, waiting}, timeout=_COMMENT_EVERY_S, return_when=asyncio.FIRST_COMPLETED
            )
            if waiting.done():
                yield _write(*waiting.result())
                continue
            waiting.cancel()
            if not task.done():
                yield b": still here\n\n"
        yield await _end(task)
    finally:
        task.cancel()


async def _end(task: "asyncio.Task[dict[str, Any]]") -> bytes:
    try:
        body = await task
    except ApiError as error:
        return _write("error", error.as_body())
    except Exception:  # noqa: BLE001  # the stream has begun: its last event is the only answer
        return _write("error", internal_error().as_body())
    return _write("done", body)


def _write(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def ignore_events(name: str, data: dict[str, Any]) -> None:
    """Of an answer that is sent whole, nothing is sent earlier."""
