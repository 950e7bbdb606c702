"""What an engine reads of the service's configuration."""

import os
from typing import Protocol


class EngineSettings(Protocol):
    """The part of the configuration that concerns every engine."""

    @property
    def device(self) -> str:
        """auto, cpu or cuda."""
        ...

    @property
    def compute_type(self) -> str:
        """auto, or a name of CTranslate2's."""
        ...

    @property
    def cpu_threads(self) -> int:
        """0: as many as the machine has cores."""
        ...

    @property
    def device_memory_mb(self) -> int:
        """Of the accelerator; 0: a CPU, or unknown."""
        ...

    @property
    def batch_size(self) -> int:
        """Windows in one batch; 0: what suits the device."""
        ...

    @property
    def llm_context(self) -> int:
        """Tokens of one request to a language model, prompt and answer together."""
        ...

    @property
    def llm_threads(self) -> int:
        """Of each process of a language model; 0: half of `cpu_threads`."""
        ...

    @property
    def llm_parallel(self) -> int:
        """Requests that each process works on at once; 0: what suits the device."""
        ...

    @property
    def llm_stall_s(self) -> float:
        """A language model without a token or progress for this long counts as stuck."""
        ...


def count_threads(settings: EngineSettings) -> int:
    """Return how many threads the engines of this machine have together."""
    return settings.cpu_threads or len(os.sched_getaffinity(0))
