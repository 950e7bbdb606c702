"""Children, from multiprocessing's fork server: a start costs milliseconds, not an interpreter.

The fork server loads FFmpeg once and forks. It is started again when it was killed; children
watch their parent and die with it, however it ends. Usable from any thread. Start the program
with `python -m package`, from the root of the repository: then its main module isn't imported
again in the fork server, and the fork server finds our modules.
"""

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Final, ParamSpec

from transcripts.media.entry import run_child
from transcripts.media.errors import DecoderDiedError
from transcripts.media.messages import (
    MAX_MESSAGE_BYTES,
    FileChunk,
    GarbledError,
    MediaTask,
    Note,
    parse_message,
)

log = logging.getLogger(__name__)

P = ParamSpec("P")

_PAUSES_S: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
# A process that waits for a dead network drive can't be killed: then it is left to the system.
_DEATH_S: Final = 5.0
_context: Final[ForkServerContext] = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "__main__",
        "transcripts.media.forkserver_start",
        "transcripts.media.child",
        "transcripts.media.stream_child",
    ]
)
# multiprocessing polls all its children on each start, and two threads that poll the same one
# race for its exit status.
_lock = threading.Lock()


def warm_up() -> None:
    """Start the fork server, so that the first recording doesn't wait for it.

    Returns at once; loading takes the fork server about 0.3 s. Cheap when it runs already.
    """
    with _lock:
        forkserver.ensure_running()


class DecoderProcess:
    """One running child. `kill` it in any case."""

    def __init__(self, job: MediaTask, *, patience_s: float) -> None:
        self._patience_s = patience_s
        self._receiver, self._process = _start(job)
        self.pid = self._process.pid

    def receive(self) -> bytes | FileChunk | Note:
        """The next message, within the child's patience.

        Raises DecoderDiedError where the child died, stands still or talks nonsense.
        """
        try:
            if not self._receiver.poll(self._patience_s):
                log.warning("decoder_stalled pid=%s patience_s=%s", self.pid, self._patience_s)
                raise DecoderDiedError("Decoding this recording stood still.")
            return parse_message(self._receiver.recv_bytes(MAX_MESSAGE_BYTES))
        except (EOFError, OSError, GarbledError) as error:
            log.warning("decoder_died pid=%s error=%s", self.pid, type(error).__name__)
            raise DecoderDiedError from error

    def kill(self) -> None:
        """End the child at once; harmless where it has ended by itself.

        Closing also ends one that the fork server can't reach any more: it watches us.
        """
        self._receiver.close()
        end_process(self._process)


def start_process(target: Callable[P, None], arguments: tuple[object, ...]) -> ForkServerProcess:
    """Run `target` in a new child. Raises DecoderDiedError."""
    for pause_s in _PAUSES_S:
        process = _context.Process(target=target, args=arguments, daemon=True)
        try:
            with _lock:
                process.start()
        except (OSError, EOFError):
            # The fork server was killed just now: it refuses already and isn't replaced yet.
            log.warning("fork_server_died")
            time.sleep(pause_s)
        else:
            return process
    raise DecoderDiedError("Decoding could not be started. Please try again.")


def end_process(process: ForkServerProcess) -> None:
    """Kill it, if it still runs, and release what it held."""
    with _lock:
        process.kill()
        process.join(_DEATH_S)
        if process.exitcode is not None:
            process.close()


def _start(job: MediaTask) -> tuple[Connection, ForkServerProcess]:
    receiver, sender = _context.Pipe(duplex=False)
    try:
        return receiver, start_process(run_child, (sender, job))
    except BaseException:
        receiver.close()
        raise
    finally:
        sender.close()
