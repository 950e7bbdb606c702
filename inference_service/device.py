"""What this server computes on, as far as it can be told without loading a model."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Device:
    kind: str  # "cpu", "cuda"
    name: str
    memory_bytes: int  # of the accelerator; 0 on a CPU
    compute_type: str
    is_gpu_available: bool


def describe_device(*, device: str, compute_type: str) -> Device:
    """Say what the settings come to on this machine. Blocks for a second: imports CTranslate2."""
    from inference_service.engines.whisper import choose_compute_type, choose_device

    gpu = _find_gpu()
    kind = choose_device(device)
    name, memory_bytes = gpu if gpu and kind == "cuda" else (_name_cpu(), 0)
    return Device(
        kind=kind,
        name=name,
        memory_bytes=memory_bytes,
        compute_type=choose_compute_type(compute_type, kind),
        is_gpu_available=choose_device("auto") == "cuda",
    )


def _find_gpu() -> tuple[str, int] | None:
    """Ask the driver's own tool for the first GPU's name and memory."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits", "--id=0"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603  # fixed arguments
        name, _, mebibytes = answer.stdout.strip().partition(", ")
        return name, int(mebibytes) << 20
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _name_cpu() -> str:
    try:
        lines = _CPU_INFO.read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
