"""A fake process of the torch engines: started, killed, frozen."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inference_service.torch_link.link import TorchLink

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 20.0


class FakeTorch:
    """One process at a time, on one socket."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        module = "tests.inference_service.torch_link.fake_process"
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen([sys.executable, "-m", module, str(self.socket)], cwd=ROOT)

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Leaves the socket's file behind, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def fake_torch() -> Iterator[FakeTorch]:
    # Not tmp_path: the path of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="stt-t-") as folder:
        fake = FakeTorch(Path(folder) / "torch.sock")
        yield fake
        with contextlib.suppress(ProcessLookupError):
            fake.signal(signal.SIGCONT)
        fake.kill()


@pytest.fixture
def link(fake_torch: FakeTorch) -> TorchLink:
    """Not started: a server starts it."""
    return TorchLink(fake_torch.socket, ask_every_s=0.2, frozen_after_s=0.4)


async def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
