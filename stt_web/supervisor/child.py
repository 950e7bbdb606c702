"""One process of the system, supervised: its lines shown, started again when it dies, stopped."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from stt_web.core.background import BackgroundLoop
from stt_web.supervisor.commands import ProcessCommand
from stt_web.supervisor.console import Console

ROOT = Path(__file__).resolve().parent.parent.parent
# A process that dies is started again after 1, 2, 4 … 30 s; one that lived longer than
# _SETTLED_S is taken to have been well.
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 30.0
_STABLE_S = 60.0
_LONGEST_LINE_BYTES = 1 << 20
_REAP_S = 5.0  # for the kernel to end what was killed
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class ManagedProcess:
    """Starts `command`, and starts it again whenever it ends, until `stop`."""

    def __init__(
        self, command: ProcessCommand, *, env: Mapping[str, str], console: Console
    ) -> None:
        self.command = command
        self._env = env
        self._console = console
        self._process: asyncio.subprocess.Process | None = None
        self._loop = BackgroundLoop(f"keep-{command.name}", self._supervise)
        self._backoff_s = _FIRST_BACKOFF_S
        self._is_stopping = False
        self.deaths = 0  # how often it ended without being asked to

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def is_optional(self) -> bool:
        return self.command.is_optional

    async def start(self) -> None:
        await self._spawn()
        self._loop.start()

    async def run_to_end(self) -> int:
        """Start it once and return its exit status."""
        return await self._watch(await self._spawn())

    async def stop(self, *, grace_s: float) -> None:
        """SIGTERM, and SIGKILL to it and its own children after `grace_s`."""
        self._is_stopping = True
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            self._console.print_block(f"{self.name} did not end within {grace_s:.0f} s: killed.")
        finally:
            self._kill_group()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _REAP_S)
        self._loop.stop()

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            *self.command.argv,
            cwd=ROOT,
            env=dict(self._env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE_BYTES,
            # A group of its own: Ctrl-C reaches only us, who then stop all in order.
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )
        return self._process

    async def _supervise(self) -> None:
        """See one life of the process through; where it can't be started, the next round tries."""
        process = self._process or await self._spawn()
        started = time.monotonic()
        status = await self._watch(process)
        if self._is_stopping:
            return self._loop.stop()
        self.deaths += 1
        self._kill_group()  # the processes it left behind
        if time.monotonic() - started > _STABLE_S:
            self._backoff_s = _FIRST_BACKOFF_S
        self._console.print_block(
            f"{self.name} {_describe(status)}; it is started again in {self._backoff_s:.0f} s."
        )
        await asyncio.sleep(self._backoff_s)
        self._backoff_s = min(self._backoff_s * 2, _LONGEST_BACKOFF_S)
        self._process = None
        return None

    async def _watch(self, process: asyncio.subprocess.Process) -> int:
        """Show its lines until it ends; returns its exit status."""
        reading = asyncio.create_task(self._show_lines(process.stdout))
        status = await process.wait()
        # A child of its own may hold the pipe open: what was written by now has been read.
        await asyncio.wait({reading}, timeout=0.5)
        reading.cancel()
        return status

    async def _show_lines(self, stdout: asyncio.StreamReader | None) -> None:
        is_too_long = False
        while stdout is not None:
            try:
                line = await stdout.readuntil()
            except asyncio.LimitOverrunError as error:
                await stdout.readexactly(error.consumed)  # its end comes with a later round
                is_too_long = True
                continue
            except asyncio.IncompleteReadError as error:
                line = error.partial
            if is_too_long:
                self._console.write(self.name, "(a line of more than 1 MB was left out)")
            elif line:
                self._console.write(self.name, line.decode(errors="replace").rstrip())
            if not line.endswith(b"\n"):
                return
            is_too_long = False

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _describe(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _die_with(parent: int) -> Callable[[], None] | None:
    """Return what has a new process killed when `parent` dies, however it dies (Linux only).

    It runs between fork and exec, so it does next to nothing, and the library is loaded before.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_to_die() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)

    return ask_to_die
