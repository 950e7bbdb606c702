"""The client (asyncio)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any

import httpx2
from typing_extensions import Self, Unpack

from open_stt._async import transcribing
from open_stt._async.account import AccountMethods, Keys, Webhooks
from open_stt._async.sound import SoundMethods
from open_stt._async.texts import TextMethods
from open_stt._async.transcribing import OnProgress, Result
from open_stt._async.transcripts import Transcripts
from open_stt._async.transport import Transport
from open_stt.calls import Call, Reply, query, without_none
from open_stt.errors import AuthError
from open_stt.live import LiveSession
from open_stt.live_thread import StreamSession
from open_stt.options import TranscribeOptions, as_fields, check_format
from open_stt.policy import DEFAULT_RETRIES, Timeouts
from open_stt.recordings import Recording, RecordingSource
from open_stt.types import (
    Accepted,
    FormatList,
    Health,
    LanguageList,
    ModelList,
    TranscriptDetail,
)


class AsyncSTTClient(TextMethods, SoundMethods, AccountMethods):
    """A speech-to-text server.

    `api_key`: else STT_API_KEY; without either, or with "", a guest's few recordings a day.
    `base_url`: else STT_BASE_URL. `timeout`: seconds for a whole call, or `Timeouts` for its
    phases.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeouts | None = None,
        *,
        max_retries: int = DEFAULT_RETRIES,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self._transport = Transport(
            api_key=api_key,
            base_url=base_url,
            timeouts=Timeouts.of(timeout),
            retries=max_retries,
            http_client=http_client,
        )
        self.transcripts = Transcripts(self._transport)
        self.keys = Keys(self._transport)
        self.webhooks = Webhooks(self._transport)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    @property
    def api_key(self) -> str:
        return self._transport.api_key

    async def transcribe(
        self,
        file_path: RecordingSource,
        model: str | None = None,
        language: str = "auto",
        diarize: bool = True,
        speakers: int = 0,
        response_format: str = "json",
        *,
        file_name: str = "",
        on_progress: OnProgress | None = None,
        timeout: float | None = None,
        **options: Unpack[TranscribeOptions],
    ) -> Any:
        """Transcribe a recording (a path, bytes or an open file), and wait for the text.

        Returns a TranscriptDetail for `json`, one with `words` for `verbose_json`, else str.
        `timeout`: seconds to wait once it is sent. Raises STTError; FileNotFoundError.
        """
        check_format(response_format)
        recording = Recording(file_path, name=file_name)
        fields = as_fields(
            model=model, language=language, diarize=diarize, speakers=speakers, options=options
        )
        accepted = await transcribing.submit(
            self._transport, recording, fields, on_progress=on_progress
        )
        try:
            return await self._finish(accepted, response_format, on_progress, timeout)
        except AuthError as error:
            if error.code != "missing_scope" or not recording.is_repeatable:
                raise
        return await transcribing.join(
            self._transport, recording, fields, response_format=response_format, timeout=timeout
        )

    async def transcribe_url(
        self,
        url: str,
        model: str | None = None,
        language: str = "auto",
        diarize: bool = True,
        speakers: int = 0,
        response_format: str = "json",
        *,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,
        **options: Unpack[TranscribeOptions],
    ) -> Any:
        """Transcribe a recording that the server fetches from its address. As `transcribe`."""
        check_format(response_format)
        fields = as_fields(
            model=model, language=language, diarize=diarize, speakers=speakers, options=options
        )
        accepted = await transcribing.submit_url(self._transport, url, fields)
        return await self._finish(accepted, response_format, on_progress, timeout)

    async def submit(
        self,
        file_path: RecordingSource,
        model: str | None = None,
        language: str = "auto",
        diarize: bool = True,
        speakers: int = 0,
        *,
        file_name: str = "",
        on_progress: OnProgress | None = None,
        **options: Unpack[TranscribeOptions],
    ) -> Accepted:
        """Send a recording without waiting for its text: `wait(accepted["id"])` does."""
        fields = as_fields(
            model=model, language=language, diarize=diarize, speakers=speakers, options=options
        )
        recording = Recording(file_path, name=file_name)
        return await transcribing.submit(
            self._transport, recording, fields, on_progress=on_progress
        )

    async def submit_url(
        self,
        url: str,
        model: str | None = None,
        language: str = "auto",
        diarize: bool = True,
        speakers: int = 0,
        **options: Unpack[TranscribeOptions],
    ) -> Accepted:
        """Have the server fetch a recording, without waiting for its text."""
        fields = as_fields(
            model=model, language=language, diarize=diarize, speakers=speakers, options=options
        )
        return await transcribing.submit_url(self._transport, url, fields)

    async def wait(
        self,
        transcript_id: str,
        *,
        token: str = "",
        on_progress: OnProgress | None = None,
        timeout: float | None = None,
    ) -> TranscriptDetail:
        """Follow a transcript to its end and return it.

        `token`: a guest's, from `submit`. Raises TranscriptionError where it failed or was
        stopped, DeadlineError after `timeout` seconds.
        """
        return await transcribing.wait_for(
            self._transport, transcript_id, token=token, on_progress=on_progress, timeout=timeout
        )

    async def cancel(self, transcript_id: str, *, token: str = "") -> bool:
        """Stop a transcription; returns whether there was one."""
        return await transcribing.cancel(self._transport, transcript_id, token=token)

    def live(
        self,
        *,
        language: str = "auto",
        model: str | None = None,
        endpointing_ms: int | None = None,
        encoding: str | None = None,
        sample_rate: int | None = None,
        **configuration: Any,
    ) -> LiveSession:
        """Open a live session: `async with client.live() as session`, in asyncio's loop.

        `endpointing_ms`: the pause that ends an utterance, 300 to 5000.
        Further keys of the configuration: languages, second_pass, title, auto_process, …
        """
        given = without_none(
            language=language,
            model=model,
            endpointing_ms=endpointing_ms,
            encoding=encoding,
            sample_rate=sample_rate,
        )
        return LiveSession(self.base_url, self.api_key, {**given, **configuration})

    def stream(
        self,
        callback: Callable[[dict[str, Any]], Any],
        model: str | None = None,
        language: str = "auto",
        *,
        endpointing_ms: int | None = None,
        **configuration: Any,
    ) -> StreamSession:
        """Open a live session in a thread of its own: `send`, `finish`, `close`.

        `callback` gets each message. Further keys as of `live`.
        """
        given = without_none(language=language, model=model, endpointing_ms=endpointing_ms)
        return StreamSession(self.base_url, self.api_key, {**given, **configuration}, callback)

    async def models(self) -> ModelList:
        """Return the models and engines, installed and not. Needs no key."""
        return await self._transport.get(ModelList, "/v1/models")

    async def languages(self) -> LanguageList:
        """Return the languages that can be recognised. Needs no key."""
        return await self._transport.get(LanguageList, "/v1/languages")

    async def formats(self) -> FormatList:
        """Return the kinds of file that are accepted. Needs no key."""
        return await self._transport.get(FormatList, "/v1/formats")

    async def health(self) -> Health:
        """Return the server's state. Raises ServerError while it is degraded (503)."""
        return await self._transport.get(Health, "/health")

    async def events(
        self, *, since: str | None = None, read_s: float = 45.0
    ) -> AsyncIterator[httpx2.ServerSentEvent]:
        """Yield the changes of all of the account's transcripts, as they happen."""
        call = Call("GET", "/api/v1/events/", params=query(since=since))
        async for event in self._transport.events(call, read_s=read_s):
            yield event

    async def send(self, call: Call) -> Reply:
        """Return the whole answer to a call, with its headers."""
        return await self._transport.send(call)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Return the JSON of any operation of the API, with this client's key and retries."""
        call = Call(method.upper(), path, params=params or {}, body=body)
        return (await self._transport.send(call)).json()

    async def download(
        self, path: str, to: str | os.PathLike[str], **params: Any
    ) -> os.PathLike[str]:
        """Write what a GET answers to a file; flat memory."""
        return await self._transport.download(Call("GET", path, params=params), to)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _finish(
        self,
        accepted: Accepted,
        response_format: str,
        on_progress: OnProgress | None,
        timeout: float | None,
    ) -> Result:
        token = accepted.get("token", "")
        detail = await self.wait(
            accepted["id"], token=token, on_progress=on_progress, timeout=timeout
        )
        return await transcribing.as_result(self._transport, detail, response_format, token=token)
