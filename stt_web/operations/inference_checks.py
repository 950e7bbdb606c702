"""Checks of each inference replica by its own address; each hears a few seconds of speech."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stt_web.operations.findings import Diagnosis, failure, ok, warning
from stt_web.operations.sample import read_speech
from transcripts.inference.client import fetch_info, start_transcribe
from transcripts.inference.errors import InferenceError, RefusedError, UnavailableError
from transcripts.inference.replicas import replicas_of
from transcripts.inference.results import Device, ServerModels, TranscribeOptions
from transcripts.inference.servers import Server, shared_server

_SAMPLE_S = 3
_SUBJECT = "inference"
_REFUSED = "it refuses our token"


@dataclass(frozen=True)
class Replica:
    address: str
    server: ServerModels | None
    problem: str = ""
    recognised_s: float | None = None  # how long the sample took; None: not tried
    deafness: str = ""


def check_inference() -> Iterator[Diagnosis]:
    try:
        shared = shared_server()
        servers = replicas_of(shared)
    except OSError as error:
        yield failure(
            _SUBJECT,
            f"STT_INFERENCE_TARGET or STT_INFERENCE_CA_FILE can't be used: {error.strerror}.",
            "See whether the name is known here, and the file is there.",
        )
        return
    with ThreadPoolExecutor(max_workers=16) as askers:
        replicas = list(askers.map(ask, servers))
    for replica in replicas:
        yield from judge(replica)
    yield from compare([each for each in replicas if each.server is not None])


def ask(server: Server) -> Replica:
    try:
        info = fetch_info_twice(server)
    except InferenceError as error:
        is_refused = isinstance(error, RefusedError)
        return Replica(server.target, None, problem=_REFUSED if is_refused else error.code)
    if not info.default_model or info.is_draining:
        return Replica(server.target, info)
    started = time.monotonic()
    try:
        for _event in start_transcribe(
            TranscribeOptions(priority="short"), [read_speech(_SAMPLE_S)], server=server
        ):
            pass
    except InferenceError as error:
        return Replica(server.target, info, deafness=error.message)
    return Replica(server.target, info, recognised_s=time.monotonic() - started)


def fetch_info_twice(server: Server) -> ServerModels:
    """Ask twice: the first call of a new process may be too slow for its deadline of 2 s."""
    try:
        return fetch_info(server)
    except UnavailableError:
        return fetch_info(server)


_CURES = {
    _REFUSED: "Set the same STT_INFERENCE_TOKEN on both sides.",
    "inference_unavailable": (
        "See whether it runs and is reached from here; with TLS, STT_INFERENCE_CA_FILE must be its"
        " CA and the certificate must name this address."
    ),
}


def judge(replica: Replica) -> Iterator[Diagnosis]:
    name, info = replica.address, replica.server
    if info is None:
        yield failure(
            _SUBJECT,
            f"{name} does not answer ({replica.problem}).",
            _CURES.get(replica.problem, _CURES["inference_unavailable"]),
        )
        return
    if info.is_draining:
        yield warning(_SUBJECT, f"{name} is about to stop.", "Nothing, if that was meant.")
        return
    if info.device.gpu_failure:
        yield warning(
            _SUBJECT,
            f"{name} has a GPU that can't be used: {info.device.gpu_failure}",
            "Install the driver and requirements/inference-gpu.txt; until then the CPU is used.",
        )
    yield from judge_device(name, info.device)
    if not info.default_model:
        yield failure(
            _SUBJECT,
            f"{name} has no recogniser: every recording is answered 503 not_installed.",
            "python -m inference_service.catalog first",
        )
    elif replica.deafness:
        yield failure(
            _SUBJECT,
            f"{name} could not hear a few seconds of speech: {replica.deafness}",
            "Its log has the reason; on a GPU mostly its libraries or its memory.",
        )
    else:
        yield ok(
            _SUBJECT,
            f"{name} heard 3 s of speech in {replica.recognised_s or 0:.1f} s with"
            f" {info.default_model} ({info.device.kind}, {info.device.compute_type}).",
        )


def judge_device(name: str, device: Device) -> Iterator[Diagnosis]:
    """Find a GPU that no one forbade and no one sees: all works, and takes ten times as long."""
    if not device.driver or device.kind != "cpu" or device.gpu_failure:
        return
    if device.setting == "auto":
        yield warning(
            _SUBJECT,
            f"{name} computes on the CPU, though its machine has NVIDIA's driver {device.driver}.",
            "Give the container the GPU (`--gpus all`, `nvidia.com/gpu: 1`), see `nvidia-smi` and"
            " CUDA_VISIBLE_DEVICES; or set STT_DEVICE=cpu, if the CPU is meant.",
        )


def compare(replicas: list[Replica]) -> Iterator[Diagnosis]:
    """Replicas are interchangeable: any of them gets any call."""
    kinds = {
        replica.address: (
            replica.server.default_model,
            tuple(sorted(model.id for model in replica.server.models if model.available)),
            replica.server.version,
        )
        for replica in replicas
        if replica.server is not None
    }
    if len(set(kinds.values())) > 1:
        described = "; ".join(f"{address}: {kind[0]}" for address, kind in kinds.items())
        yield failure(
            _SUBJECT,
            f"The replicas have different models or versions ({described}).",
            "Share one folder of models (STT_MODELS_DIR), and the same version, among all.",
        )
