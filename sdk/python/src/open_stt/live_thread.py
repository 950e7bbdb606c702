"""A live session for programs without asyncio: it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from open_stt.live import LiveSession

T = TypeVar("T")


class StreamSession:
    """`callback` gets each message, in the thread of the session.

    What a callback raises ends the session, and is raised by `finish`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        configuration: Mapping[str, Any],
        callback: Callable[[dict[str, Any]], Any],
    ) -> None:
        """Connect. Raises LiveError, ConnectionFailedError."""
        self._callback = callback
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._session = self._await(self._open(base_url, api_key, configuration))
        except BaseException:
            self._stop()
            raise
        self._messages = asyncio.run_coroutine_threadsafe(self._deliver(), self._loop)

    @property
    def transcript_id(self) -> str | None:
        return self._session.transcript_id

    def send(self, audio_bytes: bytes) -> None:
        """Send audio. Waits where the server is minutes behind. Raises LiveError."""
        self._await(self._session.send(audio_bytes))

    def finish(self, timeout: float | None = 300) -> dict[str, Any]:
        """End the audio, and return the last message. Raises LiveError, DeadlineError."""
        try:
            result = self._await(self._session.finish(timeout))
            self._messages.result(timeout)
        finally:
            self.close()
        return result

    def close(self) -> None:
        """Leave. What was sent is transcribed all the same."""
        if self._thread.is_alive():
            self._await(self._session.close())
            self._stop()

    @staticmethod
    async def _open(base_url: str, api_key: str, configuration: Mapping[str, Any]) -> LiveSession:
        return await LiveSession(base_url, api_key, configuration).__aenter__()

    async def _deliver(self) -> None:
        async for message in self._session:
            await asyncio.to_thread(self._callback, message)

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
