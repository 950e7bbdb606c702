"""What `core.asgi.socket_protocol` takes from inner parts of uvicorn and websockets is there."""

import inspect
from importlib.metadata import version

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.protocol import Protocol, State
from websockets.server import ServerProtocol

from stt_web.core.asgi.socket_protocol import SocketProtocol

# What the protocol was written against. Before another version is put here: read what changed in
# websockets_sansio_impl.py and in websockets' Protocol.fail, and run tests/transcripts/live.
KNOWN = {"uvicorn": "0.54.0", "websockets": "17.4"}
OVERRIDDEN = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "receive": ["self"],
    "shutdown": ["self"],
    "run_asgi": ["self"],
    "handle_cont": ["self", "event"],
    "handle_parser_exception": ["self"],
    "send_keepalive_ping": ["self"],
    "keepalive_timeout": ["self"],
    "pause_writing": ["self"],
    "resume_writing": ["self"],
}
USED = {"handle_events", "stop_keepalive"}
ATTRIBUTES = {
    "client",
    "conn",
    "queue",
    "frames",
    "writable",
    "read_paused",
    "close_sent",
    "handshake_complete",
    "ping_timeout",
    "pong_timer",
}


@pytest.mark.parametrize("package", KNOWN)
def test_the_version_is_the_one_that_it_was_written_against(package: str) -> None:
    assert version(package) == KNOWN[package], (
        f"{package} is {version(package)}, but stt_web/core/asgi/socket_protocol.py depends on"
        f" the inner parts of {KNOWN[package]}: compare them, then change KNOWN in this test."
    )


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_is_overridden_is_still_called_by_that_name(name: str) -> None:
    inherited = getattr(WebSocketsSansIOProtocol, name, None)
    assert inherited is not None, f"uvicorn's WebSocketsSansIOProtocol has no {name} any more."
    assert list(inspect.signature(inherited).parameters) == OVERRIDDEN[name]
    assert getattr(SocketProtocol, name) is not inherited


def test_everything_that_is_overridden_is_listed_here() -> None:
    own = {name for name in vars(SocketProtocol) if not name.startswith("_")}
    assert own == set(OVERRIDDEN)


def test_what_it_uses_is_there() -> None:
    source = inspect.getsource(WebSocketsSansIOProtocol)
    missing = {name for name in ATTRIBUTES if f"self.{name}" not in source}
    missing |= {name for name in USED if not hasattr(WebSocketsSansIOProtocol, name)}
    assert not missing, f"uvicorn's WebSocketsSansIOProtocol has no {missing} any more."


def test_websockets_reports_that_a_message_is_too_large_by_fail() -> None:
    assert list(inspect.signature(Protocol.fail).parameters) == ["self", "code", "reason"]
    assert issubclass(ServerProtocol, Protocol)
    assert {"parser_exc", "state"} <= set(dir(ServerProtocol()))
    assert int(CloseCode.MESSAGE_TOO_BIG) == 1009
    assert State.OPEN.name == "OPEN"
