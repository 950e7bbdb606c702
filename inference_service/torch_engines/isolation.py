"""What this process may not do, set before the libraries are imported that would.

They fetch weights and report their use by default: all of that is off (for every process of ours
in `inference_service`), so a model that is not in
the models folder is an error with a sentence, never a download while a recording is worked on.
"""

import contextlib
import os
import tempfile
from pathlib import Path

from inference_service.config import Config

_OFF = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "PYANNOTE_METRICS_ENABLED": "0",
    "OTEL_SDK_DISABLED": "true",
    "WANDB_MODE": "disabled",
    "TOKENIZERS_PARALLELISM": "false",
    "KMP_BLOCKTIME": "0",
    "OMP_WAIT_POLICY": "passive",
}
# Recognition and what people wait for come first.
_NICENESS = 5
# From −1000 to 1000: whom the kernel ends first where memory runs out.
_OOM_SCORE = "600"
_OOM_FILE = Path("/proc/self/oom_score_adj")


def isolate(config: Config) -> None:
    """Set the environment, the priority and the threads of this process. Once, at its start."""
    os.environ.update(_OFF)
    os.environ["OMP_NUM_THREADS"] = str(choose_threads(config.torch_threads))
    # Where caches of matplotlib and numba may be written, in a container without a home too.
    cache = tempfile.mkdtemp(prefix="stt-torch-")
    for name in ("MPLCONFIGDIR", "NUMBA_CACHE_DIR"):
        os.environ.setdefault(name, cache)
    if config.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):
        _OOM_FILE.write_text(_OOM_SCORE)


def choose_threads(asked: int) -> int:
    """Return how many threads an operation of torch uses; 0: half of the cores, or 1."""
    return asked or max(1, len(os.sched_getaffinity(0)) // 2)
