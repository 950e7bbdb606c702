"""One llama.cpp process: started, watched, started again with back-off, and what it is asked.

Its own HTTP interface is used rather than the OpenAI-compatible one: it takes tokens, so a long
prompt can be read in parts, on a permit of its own, between which others are served.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import httpx2

import inference_service
from inference_service.engines.language.llama_worker import WorkerOptions
from inference_service.engines.language.model import (
    LanguageModelError,
    Message,
    SchemaRefusedError,
)

logger = logging.getLogger(__name__)

_WORKER = "inference_service.engines.language.llama_worker"
_START_WITHIN_S = 120.0  # a model of some GB comes from a cold disk
_LONGEST_BACK_OFF_S = 30.0
_HEALTHY_AFTER_S = 60.0
_ENDS_WITHIN_S = 1.0
_KEY_BYTES = 32
_BAD_REQUEST = 400
_DATA = "data: "


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """What a process is started with; its key is made anew at each start."""

    path: Path
    context_tokens: int
    parallel: int
    threads: int
    niceness: int
    uses_gpu: bool
    stall_s: float  # without a token or progress, it counts as wedged


class LlamaProcess:
    """A process that may be started again. Its async methods belong to one event loop."""

    def __init__(self, settings: LlamaSettings) -> None:
        self.settings = settings
        self._running: _Running | None = None
        self._is_closed = False
        self._failures = 0
        self._started_at = 0.0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start it if it doesn't run; blocks until it listens. Raises RuntimeError."""
        with self._lock:
            if self._running is not None and self._running.is_alive():
                return
            if self._is_closed:
                raise RuntimeError("The model is being unloaded.")
            self._note_end()
            self._running = _Running(self.settings)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._running is not None:
                self._running.kill()

    @property
    def pid(self) -> int:
        """Of the running process; 0 if there is none."""
        return self._running.pid if self._running is not None and self._running.is_alive() else 0

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncGenerator["LlamaConnection", None]:
        """Connect to the process, starting it again where it ended. Raises LanguageModelError."""
        running = self._running
        if running is None or not running.is_alive():
            running = await self._restart()
        async with httpx2.AsyncClient(
            base_url=running.address,
            headers={"Authorization": f"Bearer {running.key}"},
            timeout=self.settings.stall_s,
            trust_env=False,
            verify=False,  # plain HTTP on this machine
        ) as client:
            try:
                yield LlamaConnection(client, running)
            except httpx2.TimeoutException as error:
                logger.error("event=llama_stalled stall_s=%g", self.settings.stall_s)
                running.kill()
                raise LanguageModelError(
                    "The language model made no progress and was stopped. Try again."
                ) from error
            except httpx2.HTTPError as error:
                await asyncio.to_thread(running.await_end)
                raise LanguageModelError(
                    "The language model's process ended in the middle of its work. Try again."
                ) from error

    async def _restart(self) -> "_Running":
        wait_s = self._started_at + self._back_off_s() - time.monotonic()
        if wait_s > 0:
            raise LanguageModelError(
                "The language model's process ended and is about to be started again. "
                f"Try again in {wait_s:.0f} s."
            )
        try:
            await asyncio.to_thread(self.start)
        except RuntimeError as error:
            raise LanguageModelError(f"The language model can't be started: {error}") from error
        return cast("_Running", self._running)

    def _note_end(self) -> None:
        """Count an end soon after the start as a failure of the model, not of one request."""
        now = time.monotonic()
        if self._running is not None:
            logger.warning("event=llama_restarted failures=%d", self._failures)
            is_healthy = now - self._started_at > _HEALTHY_AFTER_S
            self._failures = 1 if is_healthy else self._failures + 1
        self._started_at = now

    def _back_off_s(self) -> float:
        return min(_LONGEST_BACK_OFF_S, 2.0**self._failures) if self._failures else 0.0


class _Running:
    """A live process, its address and its key."""

    def __init__(self, settings: LlamaSettings) -> None:
        """Raises RuntimeError where it doesn't come to listen."""
        self.key = secrets.token_urlsafe(_KEY_BYTES)
        root = str(Path(inference_service.__file__).parent.parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            # Signals to the server's group are not for it: the answers in flight finish first.
            start_new_session=True,
        )
        try:
            self.address = self._await_address(settings)
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def await_end(self) -> None:
        """Wait for the end of a process that has broken a connection; a second at most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_WITHIN_S)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _await_address(self, settings: LlamaSettings) -> str:
        options = WorkerOptions(
            path=str(settings.path),
            api_key=self.key,
            context_tokens=settings.context_tokens,
            parallel=settings.parallel,
            threads=settings.threads,
            niceness=settings.niceness,
            uses_gpu=settings.uses_gpu,
        )
        killer = threading.Timer(_START_WITHIN_S, self._process.kill)
        killer.start()
        try:
            if self._process.stdin is None or self._process.stdout is None:
                raise RuntimeError("There are no pipes to it.")
            self._process.stdin.write(json.dumps(asdict(options)) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError as error:
            raise RuntimeError("Its process ended at the start.") from error
        finally:
            killer.cancel()
        if not answer:
            raise RuntimeError("Its process ended at the start: are the weights damaged?")
        return str(json.loads(answer)["address"])


class LlamaConnection:
    """The requests of one call. Raises httpx2's errors where the process ends or is silent."""

    def __init__(self, client: httpx2.AsyncClient, running: _Running) -> None:
        self._client = client
        self.pid = running.pid
        self.address = running.address
        self.key = running.key

    async def tokenize_messages(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt that the model's own template makes of them, as tokens."""
        body = {"messages": [asdict(message) for message in messages]}
        templated = await self._post("/apply-template", body)
        answer = await self._post(
            "/tokenize",
            {"content": templated["prompt"], "add_special": True, "parse_special": True},
        )
        return list(answer["tokens"])

    async def tokenize_plain(self, text: str) -> list[bytes]:
        """Return the bytes of each token; what looks like a control token is text."""
        body = {"content": text, "parse_special": False, "with_pieces": True}
        answer = await self._post("/tokenize", body)
        parts = (token["piece"] for token in answer["tokens"])
        return [part.encode() if isinstance(part, str) else bytes(part) for part in parts]

    async def read_prompt(self, tokens: Sequence[int], *, permit: int) -> None:
        """Read the prompt so far into the permit's cache."""
        body = {"prompt": list(tokens), "n_predict": 0, "id_slot": permit, "cache_prompt": True}
        await self._post("/completion", body)

    async def complete(
        self, tokens: Sequence[int], *, permit: int, options: Mapping[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield the server's events: `content`, and at the end `stop` with its reason."""
        body = {"prompt": list(tokens), "id_slot": permit, "cache_prompt": True, "stream": True}
        async with self._client.stream("POST", "/completion", json=body | dict(options)) as answer:
            if answer.status_code != httpx2.codes.OK:
                await answer.aread()
                _refuse(answer)
            async for line in answer.aiter_lines():
                if line.startswith(_DATA):
                    yield json.loads(line.removeprefix(_DATA))

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._client.post(path, json=body)
        if answer.status_code != httpx2.codes.OK:
            _refuse(answer)
        return dict(answer.json())


def _refuse(answer: httpx2.Response) -> None:
    """Raise what the server's refusal means."""
    try:
        message = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = ""
    if answer.status_code == _BAD_REQUEST and "schema" in message.lower():
        raise SchemaRefusedError("The JSON schema can't be turned into a grammar.")
    logger.error("event=llama_refused status=%d", answer.status_code)
    raise LanguageModelError("The language model's process refused the request. Try again.")
