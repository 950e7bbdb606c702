"""Several inference servers behind one name: a new one is found, a draining one left alone."""

import time
from collections.abc import Callable

from protos.stt.v1 import server_pb2, server_pb2_grpc
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.inference.replicas import NAME, NameServer, Replica, replicas
from transcripts.inference.channel import open_channel
from transcripts.inference.replicas import read_replicas
from transcripts.inference.servers import Server

PATIENCE_S = 30.0


def call_until(stub: server_pb2_grpc.ServerStub, is_done: Callable[[], bool]) -> int:
    """Call on and on; return how many calls it took. No call may fail."""
    ends_at = time.monotonic() + PATIENCE_S
    calls = 0
    while not is_done():
        assert time.monotonic() < ends_at
        stub.GetInfo(server_pb2.GetInfoRequest(), timeout=5, wait_for_ready=True)
        calls += 1
        time.sleep(0.01)
    return calls


def stub_for(names: NameServer, port: int) -> server_pb2_grpc.ServerStub:
    target = f"dns://127.0.0.1:{names.port}/{NAME}:{port}"
    return server_pb2_grpc.ServerStub(open_channel(Server(target=target, instance_id="")))


def test_a_new_replica_gets_calls() -> None:
    names = NameServer()
    names.addresses = ["127.0.0.2"]
    with replicas(names, 2, connection_s=1.0) as (first, second):
        stub = stub_for(names, first.port)
        call_until(stub, lambda: first.calls >= 5)
        names.addresses = ["127.0.0.2", "127.0.0.3"]
        call_until(stub, lambda: second.calls >= 5)


def test_a_draining_replica_gets_no_new_calls() -> None:
    names = NameServer()
    names.addresses = ["127.0.0.2", "127.0.0.3"]
    with replicas(names, 2, connection_s=60.0) as (first, second):
        stub = stub_for(names, first.port)
        call_until(stub, lambda: min(first.calls, second.calls) >= 5)
        first.drain()
        _until_left_alone(stub, first)
        known = first.calls
        served = second.calls
        call_until(stub, lambda: second.calls >= served + 30)
        assert first.calls == known


def test_each_replica_is_asked_by_its_own_address_also_while_it_drains() -> None:
    names = NameServer()
    with replicas(names, 2, connection_s=60.0) as (first, second):
        second.drain()
        target = f"127.0.0.2:{first.port},127.0.0.3:{first.port},127.0.0.4:{first.port}"
        [found] = read_replicas([Server(target=target, instance_id="")])
        assert [each.address for each in found] == target.split(",")
        assert [each.word for each in found] == ["not_installed", "draining", "unreachable"]
        assert second.calls == 1


def test_a_name_that_no_one_knows_is_one_replica_that_is_not_reached() -> None:
    [found] = read_replicas([Server(target="dns:///no-such-name.invalid:1", instance_id="")])
    assert [(each.address, each.word) for each in found] == [
        ("dns:///no-such-name.invalid:1", "unreachable")
    ]


def test_one_whose_health_is_not_served_is_called_all_the_same() -> None:
    """A server without the health service, an older one, counts as healthy: gRPC's rule."""
    with FakeInference(info=server_pb2.ServerInfo(version="old")) as fake:
        channel = open_channel(Server(target=fake.target, instance_id=""))
        answer = server_pb2_grpc.ServerStub(channel).GetInfo(
            server_pb2.GetInfoRequest(), timeout=10, wait_for_ready=True
        )
    assert answer.version == "old"


def _until_left_alone(stub: server_pb2_grpc.ServerStub, replica: Replica) -> None:
    """The news of its health is on its way for a moment: ten calls in a row go elsewhere."""
    in_a_row = 0
    ends_at = time.monotonic() + PATIENCE_S
    while in_a_row < 10:
        assert time.monotonic() < ends_at
        known = replica.calls
        stub.GetInfo(server_pb2.GetInfoRequest(), timeout=5, wait_for_ready=True)
        in_a_row = in_a_row + 1 if replica.calls == known else 0
