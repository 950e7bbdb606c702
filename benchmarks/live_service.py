"""The inference service alone, in a process pinned to some cores.

It has the tiny Whisper, or the weights in the folder that STT_BENCH_WEIGHTS names (`…/base`).
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from benchmarks.weights import IS_REAL, ROOT, WEIGHTS


@contextlib.contextmanager
def running_service(*, cores: Collection[int], **settings: str) -> Iterator[str]:
    """Run `python -m inference_service` on these cores; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        name = WEIGHTS.name if IS_REAL else "tiny"
        (Path(folder) / name).symlink_to(WEIGHTS)
        environ = os.environ | {
            "STT_INFERENCE_LISTEN": "127.0.0.1:0",
            "STT_MODELS_DIR": folder,
            "STT_DEVICE": "cpu",
            "STT_OFFLINE": "true",
            "STT_MAX_LIVE_SESSIONS": "1000",
            "STT_MODEL_TTL_S": "0",
            "STT_INFERENCE_DRAIN_S": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "inference_service"],
            cwd=ROOT,
            env=environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),  # no threads here
        )
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait()


def all_cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))
