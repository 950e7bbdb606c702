"""The command line in a real terminal: what it shows there, and the keys that are pressed."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent / "sdk" / "python" / "src"
_WITHIN_S = 60.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Not a `preexec_fn`: in a fork of a process that used gRPC, gRPC writes to this terminal.
# A shell that runs tests in the background has them ignore Ctrl-C, and so what they start.
_TAKE_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
# As in this environment; a test of the installed package names that one's program.
STT = (sys.executable, "-m", "open_stt.cli")


def environment(**variables: str) -> dict[str, str]:
    own = {"PYTHONPATH": str(SOURCE), "TERM": "xterm-256color", "COLUMNS": "100"}
    inherited = {name: each for name, each in os.environ.items() if not name.startswith("STT_")}
    return {**inherited, **own, **variables}


class Terminal:
    """A command whose terminal this is."""

    def __init__(self, argv: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> None:
        self._screen, inside = pty.openpty()
        self.process = subprocess.Popen(
            (sys.executable, "-c", _TAKE_TERMINAL, *argv),
            cwd=cwd,
            env=dict(env),
            stdin=inside,
            stdout=inside,
            stderr=inside,
        )
        os.close(inside)
        self.raw = ""

    @property
    def shown(self) -> str:
        return _CONTROL.sub("", self.raw)

    def wait_for(self, text: str) -> None:
        """Read until the text was shown."""
        end = time.monotonic() + _WITHIN_S
        while text not in self.shown:
            assert time.monotonic() < end, f"{text!r} was not shown:\n{self.shown}"
            self._read(0.2)

    def press_control_c(self) -> None:
        os.write(self._screen, b"\x03")

    def exit_code(self) -> int:
        """Read to the end of the command, and return its exit code."""
        end = time.monotonic() + _WITHIN_S
        while self.process.poll() is None:
            assert time.monotonic() < end, self.shown
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._screen)

    def _read(self, wait_s: float) -> bool:
        if not select.select([self._screen], [], [], wait_s)[0]:
            return False
        try:
            chunk = os.read(self._screen, 65536)
        except OSError:  # the command has ended
            return False
        self.raw += chunk.decode(errors="replace")
        return bool(chunk)


@contextmanager
def terminal(*arguments: str, cwd: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Run `stt` with these arguments in a terminal of its own."""
    opened = Terminal((*STT, *arguments), cwd=cwd, env=env)
    try:
        yield opened
    finally:
        opened.close()


def run(
    *arguments: str, cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    """Run `stt` without a terminal, to its end."""
    return subprocess.run(
        [*STT, *arguments],
        cwd=cwd,
        env=dict(env),
        input=stdin,
        capture_output=True,
        timeout=_WITHIN_S,
        check=False,
    )
