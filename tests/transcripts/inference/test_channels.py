"""Channels to instances that were removed are closed, and break off no call on their way."""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest

from protos.stt.v1 import server_pb2, server_pb2_grpc
from tests.transcripts.fake_inference import FakeInference
from transcripts.inference.channel import get_channel
from transcripts.inference.server_cache import IDLE_S
from transcripts.inference.servers import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with FakeInference(info=server_pb2.ServerInfo(version="test")) as fake:
        yield Server(target=fake.target, instance_id="one")


def is_collected(channel: "weakref.ref[grpc.Channel]") -> bool:
    gc.collect()
    return channel() is None


def test_a_server_retains_its_channel(server: Server) -> None:
    assert get_channel(server) is get_channel(server)


def test_the_channel_of_a_changed_instance_is_let_go(server: Server) -> None:
    old = weakref.ref(get_channel(server))
    get_channel(replace(server, token="new"))
    assert is_collected(old)


def test_one_that_no_one_uses_any_more_is_let_go_but_not_the_shared_ones(server: Server) -> None:
    shared_server = replace(server, instance_id="")
    shared = get_channel(shared_server, clock=lambda: 0.0)
    old = weakref.ref(get_channel(server, clock=lambda: 0.0))
    get_channel(replace(server, instance_id="two"), clock=lambda: IDLE_S + 1)
    assert is_collected(old)
    assert get_channel(shared_server) is shared


def test_a_call_on_a_channel_that_is_let_go_ends_well(server: Server) -> None:
    stub = server_pb2_grpc.ServerStub(get_channel(server))
    call = stub.GetInfo.future(server_pb2.GetInfoRequest(), timeout=5)
    del stub
    get_channel(replace(server, token="newer"))
    gc.collect()
    assert call.result().version == "test"
