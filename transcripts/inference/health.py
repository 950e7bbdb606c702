"""How the inference servers are at this moment: an account's own, or, for operators, all.

All are asked at once, each for as long as `INFO_DEADLINE_S` at most.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from billing.models import CloudInstance
from stt_web.core.encryption import UndecipherableError
from transcripts.inference.client import fetch_info
from transcripts.inference.errors import InferenceError
from transcripts.inference.replicas import ReplicaHealth, read_replicas
from transcripts.inference.results import ServerModels
from transcripts.inference.routing import server_of
from transcripts.inference.servers import Server, shared_server

_askers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="instance-health")


@dataclass(frozen=True)
class ServerHealth:
    """`server` None: it did not answer in time, or refused us."""

    name: str
    server: ServerModels | None

    @property
    def word(self) -> str:
        """ok, draining or unreachable."""
        if self.server is None:
            return "unreachable"
        return "draining" if self.server.is_draining else "ok"


def read_health(instances: Sequence[CloudInstance]) -> list[ServerHealth]:
    """Return how each is, in their order. No query."""
    probes = [_askers.submit(_probe_instance, instance) for instance in instances]
    return [
        ServerHealth(instance.name, probe.result())
        for instance, probe in zip(instances, probes, strict=True)
    ]


def read_shared_replicas() -> list[ReplicaHealth]:
    """Return how each of the shared servers is. No query."""
    try:
        [replicas] = read_replicas([shared_server()])
    except OSError:  # STT_INFERENCE_CA_FILE is not there
        return []
    return replicas


def read_instance_replicas(instances: Sequence[CloudInstance]) -> list[list[ReplicaHealth]]:
    """Return for each how its replicas are, in their order. No query."""
    servers = [_server_or_none(instance) for instance in instances]
    found = iter(read_replicas([server for server in servers if server is not None]))
    return [
        [ReplicaHealth(instance.target, None)] if server is None else next(found)
        for instance, server in zip(instances, servers, strict=True)
    ]


def _server_or_none(instance: CloudInstance) -> Server | None:
    try:
        return server_of(instance)
    except UndecipherableError:
        return None


def _probe_instance(instance: CloudInstance) -> ServerModels | None:
    try:
        return _probe_server(server_of(instance))
    except UndecipherableError:
        return None


def _probe_server(server: Server) -> ServerModels | None:
    try:
        return fetch_info(server)
    except InferenceError:
        return None
