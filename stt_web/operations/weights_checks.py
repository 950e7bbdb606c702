"""Checks of the weights: are they what their publishers made, and can further ones be fetched?"""

from collections.abc import Iterator

from stt_web.operations.findings import Diagnosis, failure, ok, warning
from transcripts.inference.errors import InferenceError
from transcripts.inference.servers import shared_server
from transcripts.inference.weights import WeightsCheck, WeightsFault, check_weights

_WITHIN_S = 5.0
_SUBJECT = "weights"
_NETWORK = "network"
_PROBLEMS = {
    "size": "has another size than its publisher's",
    "hash": "has another content than its publisher's",
    "missing": "is missing",
    "unreadable": "can't be read",
}


def check_model_files(*, with_network: bool = False) -> Iterator[Diagnosis]:
    """Have the inference service hash its models' files; where replicas share a folder, for all.

    With `with_network` it also tries the places that weights come from.
    """
    try:
        found = check_weights(shared_server(), within_s=_WITHIN_S, with_sources=with_network)
    except (InferenceError, OSError):
        yield warning(
            _SUBJECT,
            "The models' files could not be checked: no inference service answered that can.",
            "See what stands under inference.",
        )
        return
    yield from judge_files(found)
    if with_network:
        yield from judge_sources(found)


def judge_files(found: WeightsCheck) -> Iterator[Diagnosis]:
    yield from (_describe(fault) for fault in found.faults)
    if found.waiting_bytes:
        yield warning(
            _SUBJECT,
            f"{found.waiting_bytes / 1e9:.1f} GB of the models' files could not be read in"
            f" {_WITHIN_S:.0f} s.",
            "Run doctor again: it goes on where it stopped.",
        )
    elif not found.faults:
        sentence = (
            f"{found.hashed_bytes / 1e6:.0f} MB of models' files have their publishers' hashes."
        )
        yield ok(_SUBJECT, sentence)


def _describe(fault: WeightsFault) -> Diagnosis:
    return failure(
        _SUBJECT,
        f"{fault.file} of the model {fault.model} {_PROBLEMS.get(fault.problem, fault.problem)}.",
        f"Delete the folder {fault.model} in STT_MODELS_DIR, then"
        f" `python -m inference_service.catalog pull {fault.model}`.",
    )


def judge_sources(found: WeightsCheck) -> Iterator[Diagnosis]:
    """One that answers is enough: they are asked one after the other."""
    if found.is_offline:
        yield ok(_NETWORK, "STT_OFFLINE is set: weights are not fetched from the network.")
        return
    broken = [problem for _, problem in found.sources if problem]
    works = [name for name, problem in found.sources if not problem]
    if works:
        yield ok(_NETWORK, f"The inference service reaches {', '.join(works)}.")
    if not broken:
        return
    yield (warning if works else failure)(
        _NETWORK,
        " ".join(broken),
        "Let the inference service's machine out to it (HTTPS_PROXY, firewall), or set"
        " STT_WEIGHTS_URL to a mirror of your own, STT_WEIGHTS_DIR to a folder, or"
        " STT_OFFLINE=true, if nothing is to be fetched.",
    )
