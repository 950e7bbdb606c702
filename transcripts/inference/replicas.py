"""Each replica behind a target by its own address: for those who look after them.

Calls of the product go by the target, and gRPC spreads them; here every replica is asked, the one
that drains too.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TypeVar

import grpc

from protos.stt.v1 import server_pb2, server_pb2_grpc
from transcripts.inference.channel import open_channel
from transcripts.inference.client import INFO_DEADLINE_S, call_metadata
from transcripts.inference.results import ServerModels, read_server_info
from transcripts.inference.servers import Server
from transcripts.inference.targets import find_addresses, first_host

MOST_REPLICAS = 64  # of one target
_WITHIN_S = 2 * INFO_DEADLINE_S

T = TypeVar("T")
_askers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="ask-replica")


@dataclass(frozen=True)
class ReplicaHealth:
    """`server` None: it did not answer in time, or refused us. `address` is of one replica."""

    address: str
    server: ServerModels | None

    @property
    def word(self) -> str:
        """ok, draining, not_installed (it has no recogniser) or unreachable."""
        if self.server is None:
            return "unreachable"
        if self.server.is_draining:
            return "draining"
        return "ok" if self.server.default_model else "not_installed"


def replicas_of(server: Server) -> list[Server]:
    """Return each replica as a server of its own. Blocks: names. Raises OSError."""
    authority = first_host(server.target)
    addresses = find_addresses(server.target)[:MOST_REPLICAS]
    return [replace(server, target=address, authority=authority) for address in addresses]


def read_replicas(servers: Sequence[Server]) -> list[list[ReplicaHealth]]:
    """Return for each server how its replicas are, all asked at once. Blocks for 4 s at most."""
    finding = [_askers.submit(_find, server) for server in servers]
    wait(finding, timeout=_WITHIN_S / 2)
    found = [_done(each) or [] for each in finding]
    asking = [[_askers.submit(_ask, replica) for replica in replicas] for replicas in found]
    wait([probe for probes in asking for probe in probes], timeout=_WITHIN_S / 2)
    return [
        [
            ReplicaHealth(replica.target, _done(probe))
            for replica, probe in zip(replicas, probes, strict=True)
        ]
        or [ReplicaHealth(server.target, None)]  # a name that no one knows
        for server, replicas, probes in zip(servers, found, asking, strict=True)
    ]


def _done(future: "Future[T]") -> T | None:
    return future.result() if future.done() else None


def _find(server: Server) -> list[Server]:
    try:
        return replicas_of(server)
    except OSError:
        return []


def _ask(replica: Server) -> ServerModels | None:
    """On a channel of its own: replicas come and go, and their channels would stay."""
    try:
        with open_channel(replica) as channel:
            answer = server_pb2_grpc.ServerStub(channel).GetInfo(
                server_pb2.GetInfoRequest(),
                timeout=INFO_DEADLINE_S,
                metadata=call_metadata(replica),
                wait_for_ready=True,
            )
    except grpc.RpcError:
        return None
    return read_server_info(answer)
