"""Where a target leads: looked up again, never on an event loop, and never without need."""

import asyncio
import gc
import socket
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace

import pytest

from protos.stt.v1 import server_pb2
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.live.fake_stream import FakeStream
from transcripts.inference import live, targets
from transcripts.inference.channel import get_channel
from transcripts.inference.errors import UnavailableError
from transcripts.inference.live import start_stream
from transcripts.inference.live_results import StreamOptions
from transcripts.inference.server_cache import IDLE_S, ServerCache
from transcripts.inference.servers import Server
from transcripts.inference.targets import LOOKUP_EVERY_S, find_uri, target_uri


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    targets._found.clear()
    yield
    targets._found.clear()


class Names:
    """A name server, and a clock."""

    def __init__(self, **addresses: list[str]) -> None:
        self.addresses, self.asked, self.now_s = addresses, 0, 0.0

    def resolve(self, host: str) -> list[str]:
        self.asked += 1
        if host not in self.addresses:
            raise OSError("unknown")
        return self.addresses[host]

    def uri(self, target: str) -> str:
        return target_uri(target, lookup=self.resolve, clock=lambda: self.now_s)


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("inference:50051", "dns:///inference:50051"),
        ("dns:///inference:50051", "dns:///inference:50051"),
        ("unix:/run/stt", "unix:/run/stt"),
        ("127.0.0.1:1,127.0.0.2:2", "ipv4:127.0.0.1:1,127.0.0.2:2"),
    ],
)
def test_what_needs_no_lookup_costs_none(target: str, uri: str) -> None:
    names = Names()
    assert (names.uri(target), names.asked) == (uri, 0)


def test_a_replica_that_moved_is_found() -> None:
    names = Names(a=["10.0.0.1"], b=["10.0.0.2", "10.0.0.3"])
    assert names.uri("a:5,b:6") == "ipv4:10.0.0.1:5,10.0.0.2:6,10.0.0.3:6"
    names.addresses["a"] = ["10.0.0.9"]
    assert names.uri("a:5,b:6").startswith("ipv4:10.0.0.1:5"), "asked again at once"
    names.now_s = LOOKUP_EVERY_S + 1
    assert names.uri("a:5,b:6").startswith("ipv4:10.0.0.9:5")


def test_a_name_that_is_unknown_takes_no_other_away() -> None:
    names = Names(b=["10.0.0.2"])
    assert names.uri("a:5,b:6") == "ipv4:10.0.0.2:6"
    names.addresses.clear()
    names.now_s = LOOKUP_EVERY_S + 1
    assert names.uri("a:5,b:6") == "ipv4:10.0.0.2:6", "a name server that is down moves nothing"
    with pytest.raises(UnavailableError):
        names.uri("c:5,d:6")


async def test_a_lookup_never_stops_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    may_answer, threads = threading.Event(), []

    def resolve_slowly(*_: object) -> list[object]:
        threads.append(threading.current_thread())
        may_answer.wait(10)
        return [(2, 1, 6, "", ("10.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_slowly)
    finding = asyncio.create_task(find_uri("a:5,b:6"))
    for _ in range(20):
        await asyncio.sleep(0.001)  # the loop goes on
    assert not finding.done()
    may_answer.set()
    assert await finding == "ipv4:10.0.0.1:5,10.0.0.1:6"
    assert threading.main_thread() not in threads


def test_a_channel_is_made_again_where_the_addresses_are_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FakeInference(info=server_pb2.ServerInfo(version="test")) as fake:
        port = fake.target.rpartition(":")[2]
        server = Server(target=f"localhost:{port},localhost:{port}", instance_id="named")
        first = get_channel(server)
        assert get_channel(server) is first
        targets._found[server.target] = replace(
            targets._found[server.target], uri=f"ipv4:127.0.0.2:{port}"
        )
        assert get_channel(server) is not first


class Thing:
    """Something that is kept."""


def test_what_is_stored_for_an_instance_goes_with_it() -> None:
    cache: ServerCache[Thing] = ServerCache()
    one = Server(target="a:1", instance_id="one")
    cached = weakref.ref(cache.get(one, Thing, clock=lambda: 0.0))
    shared = cache.get(Server(target="s:1"), Thing, clock=lambda: 0.0)
    two = replace(one, instance_id="two")
    cache.get(two, Thing, clock=lambda: 1.0)
    # No new one comes any more: the first is let go all the same.
    cache.get(two, Thing, clock=lambda: IDLE_S + 100)
    gc.collect()
    assert cached() is None
    assert len(cache) == 2
    assert cache.get(Server(target="s:1"), Thing) is shared


async def test_live_channels_of_a_changed_instance_are_let_go_and_their_calls_are_not() -> None:
    with FakeStream() as fake:
        server = Server(target=fake.target, instance_id="one")
        options = StreamOptions(model="large-v3-turbo")
        call = await start_stream(options, server=server)
        other = await start_stream(options, server=replace(server, token="new"))
        gc.collect()
        assert len(live._caches[asyncio.get_running_loop()]) == 1
        await call.finish()
        assert [event async for event in call]
        other.cancel()
