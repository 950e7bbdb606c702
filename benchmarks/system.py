"""The running product for a benchmark: started by its supervisor, on free ports, warmed up."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from benchmarks.recordings import ROOT, write_clip
from benchmarks.weights import NAME, link_models

START_TIMEOUT_S = 120


@dataclass
class System:
    """A running product. `url` has no trailing slash; `key` belongs to an unmetered account."""

    url: str
    key: str
    process: subprocess.Popen[str]
    data_dir: Path

    def transcribe(self, path: Path, **options: str) -> requests.Response:
        """POST /v1/transcribe; one connection a call, as curl does."""
        with path.open("rb") as file:
            return requests.post(
                f"{self.url}/v1/transcribe",
                headers={"Authorization": f"Bearer {self.key}"},
                files={"file": (path.name, file)},
                data={"diarize": "false", **options},
                timeout=3600,
            )

    def wait_for(self, transcript_id: str) -> dict[str, object]:
        """Poll an asynchronous job to its end (every 0.2 s) and return its last answer."""
        while True:
            answer = requests.get(
                f"{self.url}/api/v1/transcripts/{transcript_id}/",
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=60,
            ).json()
            if answer["status"] not in ("queued", "processing"):
                return dict(answer)
            time.sleep(0.2)

    def processes(self) -> dict[str, psutil.Process]:
        """Every process of the product, by a short name and its pid."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found[f"{_name(child.cmdline())} [{child.pid}]"] = child
        return found


@contextlib.contextmanager
def running_system(**settings: str) -> Iterator[System]:
    """Start the product on the weights of `benchmarks.weights`; `settings` join its environment."""
    data_dir = Path(tempfile.mkdtemp(prefix="stt-bench-"))
    models = data_dir / "models"
    models.mkdir()
    link_models(models)
    environment = {
        **os.environ,
        "STT_DATA_DIR": str(data_dir),
        "STT_MODELS_DIR": str(models),
        "STT_INFERENCE_LISTEN": f"127.0.0.1:{_free_port()}",
        "STT_OFFLINE": "true",
        "STT_DEFAULT_MODEL": NAME,
        "PORT": str(_free_port()),
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    environment["STT_INFERENCE_TARGET"] = environment["STT_INFERENCE_LISTEN"]
    process = subprocess.Popen(
        [sys.executable, "-m", "stt_web.supervisor"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        key = _await_key(process)
        system = System(f"http://127.0.0.1:{environment['PORT']}", key, process, data_dir)
        system.transcribe(write_clip(data_dir, seed=999)).raise_for_status()  # loads the model
        yield system
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        shutil.rmtree(data_dir, ignore_errors=True)


def _await_key(process: subprocess.Popen[str]) -> str:
    """Read the start's output up to the printed key; what follows is read and dropped."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_TIMEOUT_S
    seen = []
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if not line:
            break
        seen.append(line)
        if match := re.search(r"\bstt_[A-Za-z0-9_-]{20,}", line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return match.group()
    raise RuntimeError("The product did not start:\n" + "".join(seen[-40:]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _name(command: list[str]) -> str:
    line = " ".join(command)
    for sign, name in (
        ("inference_service", "inference"),
        ("uvicorn", "web"),
        ("forkserver", "media child"),
        ("beat", "beat"),
        ("housekeeping", "worker-housekeeping"),
        ("bulk", "worker-bulk"),
        ("short", "worker-short"),
    ):
        if sign in line:
            return name
    return Path(command[0]).name if command else "?"
