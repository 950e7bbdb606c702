# Generated from `_async` by `python -m sdk.generate`.
"""Stored transcripts (without asyncio): found, read, described, exported, asked about, deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import httpx2

from open_stt._sync.editing import EditingMethods
from open_stt._sync.primitives import sleep
from open_stt._sync.transcript_texts import TranscriptTextMethods
from open_stt._sync.transport import Transport
from open_stt.calls import Call, query, without_none
from open_stt.policy import Deadline
from open_stt.recordings import Form, Recording, RecordingSource
from open_stt.types import (
    FoundTranscript,
    Job,
    NewShare,
    ShareList,
    TranscriptDetail,
    TranscriptSummary,
)

_PATH = "/api/v1/transcripts/"
_PREPARING_S = 2.0
# The server's streams send something every 15 s.
_SILENCE_S = 45.0


class Transcripts(EditingMethods, TranscriptTextMethods):
    """`client.transcripts`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        status: str | None = None,
        language: str | None = None,
        created_after: str | None = None,
        created_before: str | None = None,
        model: str | None = None,
        source: str | None = None,
        tag: str | None = None,
        has_warnings: bool | None = None,
        search: str | None = None,
        ordering: str | None = None,
        page_size: int = 100,
    ) -> Iterator[FoundTranscript]:
        """Yield transcripts, newest first; a page of them is held at a time.

        `search`: words of title and text; `"a phrase"`, `beginn*`. Each result has `highlights`.
        """
        params = query(
            status=status,
            language=language,
            created_after=created_after,
            created_before=created_before,
            model=model,
            source=source,
            tag=tag,
            has_warnings=has_warnings,
            search=search,
            ordering=ordering,
            page_size=page_size,
        )
        for each in self._transport.pages(_PATH, params):
            yield cast("FoundTranscript", each)

    def search(self, words: str, *, page_size: int = 100) -> Iterator[FoundTranscript]:
        """Yield transcripts that have all of the words, the best first."""
        params = {"search": words, "ordering": "-relevance", "page_size": page_size}
        for each in self._transport.pages(_PATH, params):
            yield cast("FoundTranscript", each)

    def get(self, transcript_id: str) -> TranscriptDetail:
        """Return a transcript with its segments."""
        return self._transport.get(TranscriptDetail, f"{_PATH}{transcript_id}/")

    def update(
        self,
        transcript_id: str,
        *,
        title: str | None = None,
        tags: Sequence[str] | None = None,
        language_note: str | None = None,
        if_match: str = "",
    ) -> TranscriptSummary:
        """Change what describes it."""
        body = without_none(title=title, tags=tags, language_note=language_note)
        headers = {"If-Match": if_match} if if_match else {}
        call = Call("PATCH", f"{_PATH}{transcript_id}/", body=body, headers=headers)
        return self._transport.answer(TranscriptSummary, call)

    def delete(self, transcript_id: str) -> None:
        """Delete it, with its recording and all that was made of it."""
        self._transport.send(Call("DELETE", f"{_PATH}{transcript_id}/"))

    def cancel(self, transcript_id: str) -> None:
        """Stop its transcription."""
        self._transport.send(Call("POST", f"{_PATH}{transcript_id}/cancel/"))

    def events(self, transcript_id: str, **params: Any) -> Iterator[httpx2.ServerSentEvent]:
        """Yield its events; `edits_since`, `lasting` and `text_jobs` as docs/api.md has them."""
        call = Call("GET", f"{_PATH}{transcript_id}/events/", params=query(**params))
        for event in self._transport.events(call, read_s=_SILENCE_S):
            yield event

    def export(
        self,
        transcript_id: str,
        format: str,
        *,
        timeout: float | None = None,
        token: str = "",
        **options: Any,
    ) -> bytes:
        """Return it as a file: txt, srt, vtt, json, csv, docx, pdf.

        Options are those of docs/api.md: profile, speakers, timestamps, redact, language, …
        """
        call = Call(
            "GET",
            f"{_PATH}{transcript_id}/export/{format}/",
            params=query(**options),
            headers={"Accept": "*/*"},
            token=token,
        )
        deadline = Deadline(timeout)
        while True:
            reply = self._transport.send(call)
            if reply.status != 202:
                return reply.content
            sleep(deadline.bounded(_PREPARING_S))

    def export_text(self, transcript_id: str, format: str = "txt", **options: Any) -> str:
        """Return it as text: txt, srt, vtt, csv, json."""
        return (self.export(transcript_id, format, **options)).decode()

    def export_archive(
        self,
        to: str | os.PathLike[str],
        format: str,
        *,
        ids: Sequence[str] | None = None,
        options: dict[str, Any] | None = None,
        **filters: Any,
    ) -> Path:
        """Write a zip of several: those of `ids`, or that the filters of `list` leave."""
        body = without_none(format=format, ids=ids, options=options, **filters)
        call = Call(
            "POST", f"{_PATH}export/", body=body, headers={"Accept": "application/zip, */*"}
        )
        return self._transport.download(call, to)

    def audio(self, transcript_id: str, to: str | os.PathLike[str]) -> Path:
        """Write its recording to a file."""
        headers = {"Accept": "*/*"}
        call = Call("GET", f"{_PATH}{transcript_id}/audio/", headers=headers)
        return self._transport.download(call, to)

    def import_file(
        self,
        file_path: RecordingSource,
        *,
        title: str | None = None,
        language: str | None = None,
        encoding: str | None = None,
    ) -> TranscriptSummary:
        """Make a transcript of an srt, vtt, ass, ssa or sbv file, or of the API's JSON."""
        fields = query(title=title, language=language, encoding=encoding)
        form = Form(fields, Recording(file_path))
        return self._transport.post(TranscriptSummary, f"{_PATH}import/", form=form)

    def claim(self, token: str) -> TranscriptSummary:
        """Take a guest's transcript over into the account."""
        return self._transport.post(TranscriptSummary, f"{_PATH}claim/", {"token": token})

    def share(
        self, transcript_id: str, *, expires_at: str | None = None, password: str | None = None
    ) -> NewShare:
        """Make a link for a person without an account; it is in this answer only."""
        body = without_none(expires_at=expires_at, password=password)
        return self._transport.post(NewShare, f"{_PATH}{transcript_id}/shares/", body)

    def shares(self, transcript_id: str) -> ShareList:
        return self._transport.get(ShareList, f"{_PATH}{transcript_id}/shares/")

    def revoke_share(self, transcript_id: str, share_id: str) -> None:
        self._transport.send(Call("DELETE", f"{_PATH}{transcript_id}/shares/{share_id}/"))

    def transcribe_again(self, transcript_id: str, **options: Any) -> Job:
        """Begin a second pass: another model, language or number of speakers."""
        path = f"{_PATH}{transcript_id}/jobs/"
        return self._transport.post(Job, path, without_none(**options))

    def job(self, transcript_id: str, job_id: str) -> Job:
        return self._transport.get(Job, f"{_PATH}{transcript_id}/jobs/{job_id}/")
