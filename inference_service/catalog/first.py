"""What a machine gets at its first start.

A recogniser that it can carry, a speaker model, and the embedders, by which texts are searched.
Beside these, fixed voices.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inference_service.catalog.catalog import Catalog, CatalogSettings
from inference_service.catalog.entries import Kind
from inference_service.catalog.errors import PullError
from inference_service.catalog.models import CATALOGUE
from inference_service.catalog.pull import pull
from inference_service.catalog.sources import PullSettings, Report

# large-v3-turbo in float16 with a batch of windows takes about 3 GB.
_TURBO_GPU_BYTES = 4 << 30
# small costs three to four times what base does: on fewer cores live speech would lag behind.
_SMALL_CORES = 8
_SMALL_MEMORY_BYTES = 8 << 30
_FALLBACK = "base"  # has sources that need no hub
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


class FirstSettings(CatalogSettings, PullSettings, Protocol):
    """What a first start reads of the service's configuration."""


@dataclass(frozen=True, slots=True)
class Machine:
    cores: int
    memory_bytes: int
    gpu_memory_bytes: int  # 0: no GPU


def read_machine() -> Machine:
    """Inspect this machine; blocks for a second where there is a GPU."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.is_file() else "max"
    if limit.isdigit():
        memory_bytes = min(memory_bytes, int(limit))
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=memory_bytes,
        gpu_memory_bytes=_read_gpu_memory_bytes(),
    )


def choose_recogniser(machine: Machine) -> str:
    """Return the best Whisper that the machine can carry beside everything else."""
    if machine.gpu_memory_bytes >= _TURBO_GPU_BYTES:
        return "large-v3-turbo"
    if machine.cores >= _SMALL_CORES and machine.memory_bytes >= _SMALL_MEMORY_BYTES:
        return "small"
    return _FALLBACK


def install_first(
    settings: FirstSettings, *, report: Report, read: Callable[[], Machine] = read_machine
) -> bool:
    """Install what is missing; returns whether a recogniser and a speaker model are here.

    No recogniser is fetched where there is one already. Failures are reported, not
    raised: a server without models starts too, and reports what it lacks.
    """
    catalog = _list_models(settings)
    has_recogniser = catalog.find(Kind.RECOGNISER) is not None or _pull_first_of(
        _candidates(settings, read), settings, report=report
    )
    if not has_recogniser:  # there is nothing to separate speakers in
        return False
    speaker_models = [model.id for model in CATALOGUE if model.kind is Kind.SPEAKER_MODEL]
    has_speakers = catalog.find(Kind.SPEAKER_MODEL) is not None or _pull_first_of(
        speaker_models, settings, report=report
    )
    for embedder in catalog.entries(Kind.EMBEDDER):
        if not embedder.is_available:
            _pull_first_of([embedder.id], settings, report=report)
    for voice in catalog.entries(Kind.VOICE):
        if not voice.is_available and voice.terms is None:
            _pull_first_of([voice.id], settings, report=report)
    return has_speakers


def _list_models(settings: FirstSettings) -> Catalog:
    """The catalogue without a default model, which may be what is to be fetched."""

    @dataclass(frozen=True)
    class WithoutDefault:
        models_dir: Path = settings.models_dir
        default_model: str = ""
        language_model: str = ""
        catalogue_file: Path | None = settings.catalogue_file

    return Catalog(WithoutDefault())


def _candidates(settings: FirstSettings, read: Callable[[], Machine]) -> list[str]:
    if any(model.id == settings.default_model for model in CATALOGUE):
        return [settings.default_model]
    return list(dict.fromkeys((choose_recogniser(read()), _FALLBACK)))


def _pull_first_of(names: list[str], settings: FirstSettings, *, report: Report) -> bool:
    for name in names:
        try:
            pulled = pull(name, settings, report=report)
        except PullError as error:
            report(str(error))
        else:
            report(f"The model {name} is installed in {pulled.folder}, from {pulled.source}.")
            return True
    return False


def _read_gpu_memory_bytes() -> int:
    """Ask the driver's own tool for the first GPU's memory."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    query = [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits", "--id=0"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603  # fixed arguments
        return int(answer.stdout.strip()) << 20
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
