"""What is made of a transcript's text (asyncio) and stored with it: chats, summaries, …"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

from open_stt._async.texts import stream_answer
from open_stt._async.transport import Transport
from open_stt.calls import Call, without_none
from open_stt.types import (
    ChatAnswer,
    ChatSession,
    Conversation,
    MadeAnalysis,
    MadeContent,
    MadeSummary,
    MadeTranslation,
    Result,
)


def _path(transcript_id: str, rest: str) -> str:
    return f"/api/v1/transcripts/{transcript_id}/{rest}"


class TranscriptTextMethods:
    _transport: Transport

    async def chat(
        self,
        transcript_id: str,
        question: str,
        *,
        session_id: str | None = None,
        model: str | None = None,
    ) -> ChatAnswer:
        """Ask about a transcript; `session_id` of an answer goes on with its conversation."""
        body = without_none(question=question, session_id=session_id, model=model)
        return await self._transport.post(ChatAnswer, _path(transcript_id, "chat/"), body)

    async def chat_stream(
        self,
        transcript_id: str,
        question: str,
        *,
        session_id: str | None = None,
        model: str | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the answer as it is written: `sources`, `delta` (`text`), `done` with all of it."""
        body = without_none(question=question, session_id=session_id, model=model)
        path = _path(transcript_id, "chat/")
        async for event in stream_answer(self._transport, path, body):
            yield event

    async def chats(self, transcript_id: str) -> AsyncIterator[ChatSession]:
        """Yield the conversations about it."""
        async for each in self._transport.pages(_path(transcript_id, "chat/"), {}):
            yield cast("ChatSession", each)

    async def read_chat(self, transcript_id: str, session_id: str) -> Conversation:
        return await self._transport.get(Conversation, _path(transcript_id, f"chat/{session_id}/"))

    async def delete_chat(self, transcript_id: str, session_id: str) -> None:
        await self._transport.send(Call("DELETE", _path(transcript_id, f"chat/{session_id}/")))

    async def summarize(
        self,
        transcript_id: str,
        style: str = "brief",
        *,
        model: str | None = None,
        speaker: str | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> MadeSummary:
        """Only what `speaker` said, or what was said then, where they are given."""
        body = without_none(style=style, model=model, speaker=speaker, start=start, end=end)
        path = _path(transcript_id, "summarize/")
        return await self._transport.post(MadeSummary, path, body, is_idempotent=True)

    async def analyze(self, transcript_id: str, type: str) -> MadeAnalysis:
        """Types: sentiment, topics, entities, action_items, questions, pii_redact."""
        path = _path(transcript_id, "analyze/")
        return await self._transport.post(MadeAnalysis, path, {"type": type}, is_idempotent=True)

    async def generate(
        self,
        transcript_id: str,
        type: str | None = None,
        *,
        template: str | None = None,
        notes: str | None = None,
        model: str | None = None,
    ) -> MadeContent:
        """Types as of `client.generate`; or notes by a template."""
        body = without_none(type=type, template=template, notes=notes, model=model)
        path = _path(transcript_id, "generate/")
        return await self._transport.post(MadeContent, path, body, is_idempotent=True)

    async def translate(
        self,
        transcript_id: str,
        target: str,
        source: str | None = None,
        *,
        model: str | None = None,
    ) -> MadeTranslation:
        """Translate it, segment by segment; exports take `language=target` from then on."""
        body = without_none(target=target, source=source, model=model)
        path = _path(transcript_id, "translate/")
        return await self._transport.post(MadeTranslation, path, body, is_idempotent=True)

    async def results(self, transcript_id: str) -> AsyncIterator[Result]:
        """Yield what was made of it, newest first."""
        async for each in self._transport.pages(_path(transcript_id, "results/"), {}):
            yield cast("Result", each)

    async def edit_result(self, transcript_id: str, result_id: str, text: str) -> Result:
        call = Call("PATCH", _path(transcript_id, f"results/{result_id}/"), body={"text": text})
        return await self._transport.answer(Result, call)

    async def delete_result(self, transcript_id: str, result_id: str) -> None:
        await self._transport.send(Call("DELETE", _path(transcript_id, f"results/{result_id}/")))

    async def export_result(self, transcript_id: str, result_id: str, format: str) -> bytes:
        """Return it as a file: md, docx, pdf, csv, ics."""
        path = _path(transcript_id, f"results/{result_id}/export/{format}/")
        return (await self._transport.send(Call("GET", path, headers={"Accept": "*/*"}))).content
