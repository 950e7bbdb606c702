"""A Whisper's weights, loaded on the device and in the type that the settings come to."""

import ctranslate2
from faster_whisper import WhisperModel

from inference_service.engines.cuda_libraries import preload_cublas


def load_whisper(
    folder: str, *, device: str, compute_type: str, cpu_threads: int, calls: int
) -> WhisperModel:
    """Load the weights; `calls` of the model may run at once. Raises RuntimeError for bad ones."""
    if device != "cpu":
        preload_cublas()
    try:
        return WhisperModel(
            folder,
            device=device,
            compute_type=compute_type,
            cpu_threads=cpu_threads,
            num_workers=calls,
            local_files_only=True,
        )
    except Exception as error:  # tokenizers raises nothing narrower for a damaged file
        raise RuntimeError(f"The Whisper in {folder} can't be loaded.") from error


def choose_device(device: str) -> str:
    """Turn `auto` into cuda where CTranslate2 finds such a device, else cpu."""
    if device != "auto":
        return device
    return "cuda" if count_cuda_devices() else "cpu"


def count_cuda_devices() -> int:
    """Return how many GPUs CTranslate2 sees: those of CUDA_VISIBLE_DEVICES, where it is set."""
    return int(ctranslate2.get_cuda_device_count())


def choose_compute_type(compute_type: str, device: str) -> str:
    """Turn `auto` into int8 on a CPU and float16 on a GPU."""
    if compute_type != "auto":
        return compute_type
    return "int8" if device == "cpu" else "float16"
