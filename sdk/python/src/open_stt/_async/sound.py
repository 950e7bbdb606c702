"""Sound that the server makes (asyncio): recordings without their noise, and speech."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

from open_stt._async.primitives import sleep
from open_stt._async.transport import Transport
from open_stt.calls import Call, query
from open_stt.errors import STTError
from open_stt.policy import Deadline
from open_stt.progress import is_over
from open_stt.recordings import Form, Recording, RecordingSource
from open_stt.types import Enhancement, VoiceJob, VoiceList

_POLL_S = 1.0


class SoundMethods:
    _transport: Transport

    async def enhance_audio(
        self,
        file_path: RecordingSource,
        to: str | os.PathLike[str],
        *,
        strength: str | None = None,
        target: float | None = None,
        timeout: float | None = None,
    ) -> Path:
        """Write a recording without its noise, and as loud as it should be, to a WAV file.

        Strengths: light, standard, full; `target` in LUFS. Raises STTError.
        """
        form = Form(
            query(strength=strength, target=target, **{"async": True}), Recording(file_path)
        )
        call = Call("POST", "/v1/enhance-audio", form=form, is_idempotent=True)
        work = await self._transport.answer(Enhancement, call)
        path = f"/api/v1/enhancements/{work['id']}/"
        deadline = Deadline(timeout)
        while not is_over(work["status"]):
            await sleep(deadline.bounded(_POLL_S))
            work = await self._transport.get(Enhancement, path)
        if work["error"] is not None or work["audio"] is None:
            error = work["error"] or {"code": work["status"], "message": "It was stopped."}
            raise STTError(error["message"], code=error["code"])
        return await self._transport.download(_wav(path + "audio/"), to)

    async def enhancements(self) -> AsyncIterator[Enhancement]:
        """Yield the work of the last day, newest first."""
        async for each in self._transport.pages("/api/v1/enhancements/", {}):
            yield cast("Enhancement", each)

    async def voices(self) -> VoiceList:
        """Return the voices and engines, installed and not. Needs no key."""
        return await self._transport.get(VoiceList, "/v1/voices")

    async def speak(
        self,
        text: str,
        to: str | os.PathLike[str],
        *,
        voice: str | None = None,
        reference: RecordingSource | None = None,
        consent: bool | None = None,
        language: str | None = None,
        engine: str | None = None,
        seed: int | None = None,
        timeout: float | None = None,
    ) -> Path:
        """Write a text's speech to a WAV file, by a voice of the server's, or of `reference`.

        A reference needs the consent of the person who speaks in it. Raises STTError.
        """
        fields = query(
            text=text,
            voice=voice,
            consent=consent,
            language=language,
            engine=engine,
            seed=seed,
            **{"async": True},
        )
        recording = None if reference is None else Recording(reference)
        form = Form(fields, recording, part="reference")
        call = Call("POST", "/v1/tts", form=form, is_idempotent=True)
        work = await self._transport.answer(VoiceJob, call)
        path = f"/api/v1/voice-jobs/{work['id']}/"
        deadline = Deadline(timeout)
        while not is_over(work["status"]):
            await sleep(deadline.bounded(_POLL_S))
            work = await self._transport.get(VoiceJob, path)
        if work["error"] is not None:
            raise STTError(work["error"]["message"], code=work["error"]["code"])
        return await self._transport.download(_wav(path + "audio/"), to)


def _wav(path: str) -> Call:
    return Call("GET", path, headers={"Accept": "audio/wav, */*"})
