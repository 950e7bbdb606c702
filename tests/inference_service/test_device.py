"""What a server computes on, with GPUs that are there, broken, hidden or missing."""

import os
from pathlib import Path

import pytest

from inference_service.assembly import fit_to_device
from inference_service.config import Config
from inference_service.device import (
    Device,
    UnusableDeviceError,
    choose_device,
    find_gpu,
    read_driver,
)

BROKEN = "Library libcublas.so.12 is not found or cannot be loaded."


def choose(device: str, *, gpus: int, failure: str = "") -> Device:
    return choose_device(
        device=device, compute_type="auto", count_gpus=lambda: gpus, probe=lambda: failure
    )


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_gpu_is_used_where_a_window_was_encoded_on_it(device: str) -> None:
    chosen = choose(device, gpus=1)

    assert (chosen.kind, chosen.compute_type, chosen.gpu_failure) == ("cuda", "float16", "")
    assert chosen.is_gpu_available


def test_the_cpu_is_used_and_the_reason_reported_where_the_gpu_is_unusable() -> None:
    chosen = choose("auto", gpus=1, failure=BROKEN)

    assert (chosen.kind, chosen.compute_type, chosen.memory_bytes) == ("cpu", "int8", 0)
    assert not chosen.is_gpu_available
    assert chosen.gpu_failure == f"The GPU is not used, the CPU is: {BROKEN}"


def test_the_cpu_is_used_without_a_word_where_there_is_no_gpu() -> None:
    chosen = choose("auto", gpus=0, failure="never asked")

    assert (chosen.kind, chosen.gpu_failure) == ("cpu", "")
    assert chosen.name


def test_no_gpu_is_tried_where_the_cpu_is_asked_for() -> None:
    chosen = choose("cpu", gpus=1, failure=BROKEN)

    assert (chosen.kind, chosen.gpu_failure) == ("cpu", "")


@pytest.mark.parametrize(("gpus", "reason"), [(1, BROKEN), (0, "No GPU is visible")])
def test_a_server_that_must_use_a_gpu_refuses_to_start_without_one(gpus: int, reason: str) -> None:
    with pytest.raises(UnusableDeviceError, match="STT_DEVICE") as refused:
        choose("cuda", gpus=gpus, failure=BROKEN if gpus else "")

    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("visible", "asked"), [(None, "0"), ("3,1", "3"), ("GPU-5ca1ab1e, GPU-0", "GPU-5ca1ab1e")]
)
def test_the_gpu_described_is_the_first_that_may_be_used(
    tmp_path: Path, visible: str | None, asked: str
) -> None:
    environ = {"PATH": f"{make_driver_tool(tmp_path)}:{os.environ['PATH']}"}
    if visible is not None:
        environ["CUDA_VISIBLE_DEVICES"] = visible

    assert find_gpu(environ) == (f"Card --id={asked}", 8188 << 20)


@pytest.mark.parametrize("visible", ["", "-1"])
def test_no_gpu_is_described_where_all_are_hidden(tmp_path: Path, visible: str) -> None:
    environ = {"PATH": str(make_driver_tool(tmp_path)), "CUDA_VISIBLE_DEVICES": visible}

    assert find_gpu(environ) is None


def test_memory_for_models_comes_from_the_card_unless_it_is_set() -> None:
    card = Device("cuda", "Card", 10_000_000_000, "float16", is_gpu_available=True)
    cpu = Device("cpu", "CPU", 0, "int8", is_gpu_available=False)

    fitted = fit_to_device(Config(), card)

    assert (fitted.device, fitted.device_memory_mb, fitted.model_memory_mb) == (
        "cuda",
        10_000,
        7_000,
    )
    assert fit_to_device(Config(model_memory_mb=0), card).model_memory_mb == 0
    assert fit_to_device(Config(model_memory_mb=500), card).model_memory_mb == 500
    assert fit_to_device(Config(), cpu).model_memory_mb == 0


def make_driver_tool(folder: Path) -> Path:
    """Make an nvidia-smi that names the card after what it is asked for."""
    tool = folder / "nvidia-smi"
    tool.write_text('#!/bin/sh\nfor last; do :; done\necho "Card $last, 8188"\n')
    tool.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5", "550.54.15"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Rel", "580.95.05"),
        ("NVRM version: of a kind to come", "unknown"),
    ],
)
def test_the_driver_in_the_kernel_is_named(tmp_path: Path, line: str, version: str) -> None:
    (tmp_path / "version").write_text(f"{line}\nGCC version: gcc 12.2.0\n")
    assert read_driver(tmp_path / "version") == version
    assert read_driver(tmp_path / "none") == ""
