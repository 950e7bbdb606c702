"""What this server computes on: chosen and tried at the start, before a model is loaded."""

import logging
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inference_service.engines.gpu_probe import probe_gpu

logger = logging.getLogger(__name__)

_CPU_INFO = Path("/proc/cpuinfo")
_DRIVER_INFO = Path("/proc/driver/nvidia/version")
_NO_GPU = "No GPU is visible here; `nvidia-smi` should list one."


class UnusableDeviceError(Exception):
    """STT_DEVICE asks for a GPU that can't be computed on. The sentence gives the reason."""


@dataclass(frozen=True, slots=True)
class Device:
    kind: str  # "cpu", "cuda"
    name: str
    memory_bytes: int  # of the accelerator; 0 on a CPU
    compute_type: str
    is_gpu_available: bool  # it is there, and a window was encoded on it
    gpu_failure: str = ""  # a sentence: why a GPU that is there is not used
    setting: str = "auto"  # STT_DEVICE
    driver: str = ""  # the version of NVIDIA's in the kernel; empty: there is none


def choose_device(
    *,
    device: str,
    compute_type: str,
    count_gpus: Callable[[], int] | None = None,
    probe: Callable[[], str] = probe_gpu,
) -> Device:
    """Return what the settings come to on this machine. Blocks for seconds: CTranslate2, the probe.

    `auto` takes the GPU where there is one and a window can be encoded on it, else the CPU. Raises
    UnusableDeviceError where `cuda` is asked for and can't be used.
    """
    from inference_service.engines.whisper_loading import choose_compute_type, count_cuda_devices

    count_gpus = count_gpus or count_cuda_devices
    has_gpu = device != "cpu" and count_gpus() > 0
    failure = probe() if has_gpu else ""
    is_usable = has_gpu and not failure
    if device == "cuda" and not is_usable:
        raise UnusableDeviceError(
            f"STT_DEVICE is 'cuda', but the GPU can't be used: {failure or _NO_GPU} "
            "Mend that, or set STT_DEVICE=auto to use the CPU until then."
        )
    if failure:
        failure = f"The GPU is not used, the CPU is: {failure}"
        logger.warning("event=gpu_unusable message=%r", failure)
    kind = "cuda" if is_usable else "cpu"
    name, memory_bytes = (find_gpu() or ("a GPU", 0)) if is_usable else (_name_cpu(), 0)
    return Device(
        kind=kind,
        name=name,
        memory_bytes=memory_bytes,
        compute_type=choose_compute_type(compute_type, kind),
        is_gpu_available=is_usable,
        gpu_failure=failure,
        setting=device,
        driver=read_driver(),
    )


def read_driver(info: Path = _DRIVER_INFO) -> str:
    """Return the version of NVIDIA's driver in this machine's kernel; empty where there is none.

    A container sees it, too, also without a GPU of its own.
    """
    try:
        version = re.search(r"Module.*?\s(\d+\.\d[\d.]*)\s", info.read_text(errors="replace"))
    except OSError:
        return ""
    return version.group(1) if version else "unknown"


def find_gpu(environ: Mapping[str, str] = os.environ) -> tuple[str, int] | None:
    """Ask the driver's own tool for the name and the memory of the first GPU that we may use.

    CUDA_VISIBLE_DEVICES lists them by number or identifier; the tool counts in the order of the
    bus, as CUDA does with CUDA_DEVICE_ORDER=PCI_BUS_ID.
    """
    tool = shutil.which("nvidia-smi", path=environ.get("PATH"))
    first = environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if tool is None or first in ("", "-1"):
        return None
    query = [
        tool,
        "--query-gpu=name,memory.total",
        "--format=csv,noheader,nounits",
        f"--id={first}",
    ]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603  # our own arguments
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
