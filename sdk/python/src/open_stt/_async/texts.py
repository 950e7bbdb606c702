"""Work on a text (asyncio): summaries, analyses, content, translations, embeddings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from open_stt._async.transport import Transport
from open_stt.calls import Call, error_of_event, without_none
from open_stt.types import (
    Analysis,
    Content,
    Embeddings,
    LibraryAnswer,
    Summary,
    TextJob,
    TextJobPage,
    TranslatedText,
    TranslationLanguages,
)


class TextMethods:
    """Each call costs no credits. `model="extractive"` quotes where a model would write."""

    _transport: Transport

    async def summarize(
        self,
        text: str,
        style: str = "brief",
        *,
        language: str | None = None,
        model: str | None = None,
    ) -> Summary:
        """Styles: brief, detailed, action_items, bullet_points, headline."""
        body = without_none(text=text, style=style, language=language, model=model)
        return await self._transport.post(Summary, "/v1/summarize", body, is_idempotent=True)

    async def analyze(
        self,
        text: str,
        type: str,
        *,
        language: str | None = None,
        types: Sequence[str] | None = None,
        recorded_on: str | None = None,
    ) -> Analysis:
        """Types: sentiment, topics, entities, action_items, questions, pii_redact."""
        body = without_none(
            text=text, type=type, language=language, types=types, recorded_on=recorded_on
        )
        return await self._transport.post(Analysis, "/v1/analyze", body, is_idempotent=True)

    async def generate(
        self,
        text: str,
        type: str | None = None,
        *,
        template: str | None = None,
        notes: str | None = None,
        language: str | None = None,
        model: str | None = None,
    ) -> Content:
        """Types: key_quotes, show_notes, meeting_notes, study_guide, flashcards, quiz,
        chapter_markers, blog_post, social_media, newsletter; or notes by a template."""
        body = without_none(
            text=text, type=type, template=template, notes=notes, language=language, model=model
        )
        return await self._transport.post(Content, "/v1/generate", body, is_idempotent=True)

    async def translate(
        self, text: str, target: str, source: str | None = None, *, model: str | None = None
    ) -> TranslatedText:
        """Translate a text; `source="auto"` is recognised."""
        body = without_none(text=text, target=target, source=source, model=model)
        return await self._transport.post(TranslatedText, "/v1/translate", body, is_idempotent=True)

    async def translate_many(
        self,
        texts: Sequence[str],
        target: str,
        source: str | None = None,
        *,
        model: str | None = None,
    ) -> list[TranslatedText]:
        """Translate several texts in one call."""
        body = without_none(texts=list(texts), target=target, source=source, model=model)
        call = Call("POST", "/v1/translate", body=body, is_idempotent=True)
        answer = await self._transport.answer(dict[str, list[TranslatedText]], call)
        return answer["translations"]

    async def translation_languages(self) -> TranslationLanguages:
        """Return what can be translated into, and what could be installed."""
        return await self._transport.get(TranslationLanguages, "/v1/translate/languages")

    async def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embeddings:
        """Return a vector for each text."""
        body = without_none(texts=list(texts), model=model)
        return await self._transport.post(Embeddings, "/v1/embed", body, is_idempotent=True)

    async def text_jobs(
        self, *, status: str | None = None, transcript: str | None = None
    ) -> TextJobPage:
        """Return the newest work on texts."""
        return await self._transport.get(
            TextJobPage, "/api/v1/text-jobs/", status=status, transcript=transcript
        )

    async def text_job(self, job_id: str) -> TextJob:
        """Return one; its `answer` once it is done."""
        return await self._transport.get(TextJob, f"/api/v1/text-jobs/{job_id}/")

    async def cancel_text_job(self, job_id: str) -> None:
        """Stop one, or delete it with its answer."""
        await self._transport.send(Call("DELETE", f"/api/v1/text-jobs/{job_id}/"))

    async def chat(
        self,
        question: str,
        *,
        session_id: str | None = None,
        transcripts: Sequence[str] | None = None,
        tag: str | None = None,
        speaker: str | None = None,
        created_after: str | None = None,
        created_before: str | None = None,
        model: str | None = None,
    ) -> LibraryAnswer:
        """Ask all transcripts, or those that the filters leave."""
        body = without_none(
            question=question,
            session_id=session_id,
            transcripts=transcripts,
            tag=tag,
            speaker=speaker,
            created_after=created_after,
            created_before=created_before,
            model=model,
        )
        return await self._transport.post(LibraryAnswer, "/api/v1/chat/", body)


async def stream_answer(
    transport: Transport, path: str, body: Any
) -> AsyncIterator[dict[str, Any]]:
    """Yield a chat's events as they come: {"type": "sources" | "delta" | "done", …}.

    Raises STTError where the answer fails on its way.
    """
    call = Call("POST", path, body=body)
    async for event in transport.events(call):
        data = cast("dict[str, Any]", event.json())
        if event.event == "error":
            raise error_of_event(data, call)
        yield {"type": event.event, **data}
        if event.event == "done":
            return
