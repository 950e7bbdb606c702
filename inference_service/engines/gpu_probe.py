"""Whether the GPU can be computed on: one silent window is encoded there, at the start.

A driver alone proves nothing: cuBLAS may be missing or of another version, the card too old for the
wheel's kernels, its memory full. It is tried with a small Whisper of random weights, independently
of what is installed, and in a process of its own: what a broken driver does to it stays there, and
a service that then uses the CPU holds no memory of the card.

    python -m inference_service.engines.gpu_probe     # exit status 0, or 1 and the reason
"""

import subprocess
import sys
import tempfile
from pathlib import Path

_DEADLINE_S = 120.0  # the first use of a card may compile its kernels
_LONGEST_REASON = 300


def probe_gpu(*, deadline_s: float = _DEADLINE_S) -> str:
    """Return why the GPU can't be used, a sentence; empty where it can. Blocks for seconds."""
    command = [sys.executable, "-m", "inference_service.engines.gpu_probe"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s)  # noqa: S603  # fixed arguments
    except subprocess.TimeoutExpired:
        return f"A window was not encoded within {deadline_s:.0f} s."
    except OSError as error:
        return f"The probe could not be started: {error}."
    if ended.returncode == 0:
        return ""
    if ended.returncode < 0:
        return f"The probe was ended by signal {-ended.returncode}."
    lines = ended.stderr.strip().splitlines() or ["It gave no reason"]
    return f"{lines[-1][:_LONGEST_REASON].rstrip('.')}."


def encode_silence(device: str) -> None:
    """Encode one silent window with a small Whisper of random weights. Raises RuntimeError."""
    import ctranslate2
    import numpy as np

    from inference_service.engines.random_whisper import MARKS, WhisperShape, make_random_whisper

    shape = WhisperShape(
        d_model=64, heads=1, encoder_layers=1, decoder_layers=1, n_mels=80, vocabulary=MARKS
    )
    with tempfile.TemporaryDirectory() as folder:
        make_random_whisper(Path(folder), shape)
        model = ctranslate2.models.Whisper(folder, device=device, compute_type="default")
        silence = ctranslate2.StorageView.from_array(np.zeros((1, 80, 3000), np.float32))
        model.encode(silence, to_cpu=True)


def main(device: str = "cuda") -> int:
    from inference_service.engines.cuda_libraries import preload_cublas

    preload_cublas()
    try:
        encode_silence(device)
    except (RuntimeError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
