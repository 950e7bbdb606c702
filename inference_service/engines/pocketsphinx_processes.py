"""Several decoder processes as one thing to ask: each is started once, and replaced if it dies."""

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast

import inference_service
from inference_service.engines.pocketsphinx_worker import (
    HEADER,
    READY,
    WordSpan,
    read_message,
)

logger = logging.getLogger(__name__)

# 30 s take 3 to 20 s; a process that takes longer is stuck (or was stopped), and is replaced.
_DEADLINE_S = 120.0
_WORKER = "inference_service.engines.pocketsphinx_worker"


class DecoderDiedError(RuntimeError):
    """A decoder process ended, or didn't answer in time."""


class DecoderProcesses:
    """A fixed number of decoder processes. `decode` may be called from several threads."""

    def __init__(self, count: int, *, deadline_s: float = _DEADLINE_S) -> None:
        """Start them side by side and wait until each is ready. Raises DecoderDiedError."""
        self._deadline_s = deadline_s
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="pocketsphinx")
        self._idle: queue.SimpleQueue[DecoderProcess] = queue.SimpleQueue()
        for process in [DecoderProcess() for _ in range(count)]:
            process.wait_until_ready()
            self._idle.put(process)

    def decode(self, windows: Sequence[bytes]) -> list[list[WordSpan]]:
        """windows: int16 PCM, mono, 16 kHz. Raises DecoderDiedError if one kills two processes."""
        return list(self._threads.map(self._decode, windows))

    def align(self, pcm: bytes, said: str) -> list[WordSpan]:
        """said: words of the dictionary. The answer is empty where they don't fit the audio."""
        return self._decode(pcm, said)

    def close(self) -> None:
        self._threads.shutdown()
        while not self._idle.empty():
            self._idle.get().close()

    def _decode(self, pcm: bytes, said: str = "") -> list[WordSpan]:
        try:
            return self._ask_one(pcm, said)
        except DecoderDiedError:
            logger.warning("event=decoder_replaced")
        return self._ask_one(pcm, said)

    def _ask_one(self, pcm: bytes, said: str) -> list[WordSpan]:
        with self._borrow() as process:
            return process.decode(pcm, said=said, deadline_s=self._deadline_s)

    @contextlib.contextmanager
    def _borrow(self) -> Iterator["DecoderProcess"]:
        process = self._idle.get()
        if not process.is_alive():
            process.close()
            process = DecoderProcess()
        try:
            yield process
        except DecoderDiedError:
            process.close()
            raise
        finally:
            self._idle.put(process)


class DecoderProcess:
    """One decoder process and its pipes."""

    def __init__(self) -> None:
        root = str(Path(inference_service.__file__).parent.parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            # Signals to the server's group are not for it: the windows in flight finish first.
            start_new_session=True,
        )
        self._requests = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BinaryIO", self._process.stdout)
        self._is_ready = False

    def wait_until_ready(self) -> None:
        if not self._is_ready and self._answers.read(len(READY)) != READY:
            raise DecoderDiedError("The PocketSphinx process did not start.")
        self._is_ready = True

    def is_alive(self) -> bool:
        return not self._requests.closed and self._process.poll() is None

    def decode(self, pcm: bytes, *, said: str = "", deadline_s: float) -> list[WordSpan]:
        """said: words to place; none: recognise. Raises DecoderDiedError, also if there is no
        answer in time.
        """
        text = said.encode()
        killer = threading.Timer(deadline_s, self._process.kill)
        killer.start()
        try:
            self.wait_until_ready()
            self._requests.write(HEADER.pack(len(text)) + text + HEADER.pack(len(pcm)) + pcm)
            self._requests.flush()
            answer = read_message(self._answers)
        except OSError as error:
            raise DecoderDiedError("The PocketSphinx process ended.") from error
        finally:
            killer.cancel()
        if answer is None:
            raise DecoderDiedError("The PocketSphinx process ended without an answer.")
        return [(word, first, last, prob) for word, first, last, prob in json.loads(answer)]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._answers.close()
        with contextlib.suppress(OSError):  # what it had not read yet can't be flushed
            self._requests.close()
