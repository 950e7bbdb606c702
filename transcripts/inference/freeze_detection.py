"""Noticing a frozen server behind a call that is silent.

gRPC's pings may not notice it while audio is being sent: where the sockets of the frozen process
are full, a ping waits behind the audio, unsent. So a call without
events for a while has its server asked, over a connection of its own, whether it is there. A
server that is merely busy answers (without the token: a refusal is an answer), and one that
refuses the connection is not the one of the call.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import grpc

from protos.stt.v1 import server_pb2, server_pb2_grpc
from stt_web.core.background import ThreadLoop
from transcripts.inference.channel import open_channel
from transcripts.inference.servers import Server

SILENT_AFTER_S = 6.0
ANSWER_WITHIN_S = 4.0
CHECK_EVERY_S = 1.0


class SilentCall(Protocol):
    """A call under way that knows for how long nothing came."""

    def silent_s(self) -> float: ...

    def note_movement(self) -> None: ...

    def cancel(self) -> None: ...


@contextmanager
def cancel_when_frozen(call: SilentCall, server: Server) -> Iterator[None]:
    """Cancel `call` if it is silent and an address of `server` does not answer."""
    is_over = threading.Event()

    def watch() -> bool:
        if is_over.wait(CHECK_EVERY_S):
            return False
        if call.silent_s() >= SILENT_AFTER_S:
            if is_frozen(server):
                call.cancel()
                return False
            call.note_movement()
        return True

    watching = ThreadLoop("silence-watch", watch, longest_pause_s=CHECK_EVERY_S)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.stop()


def is_frozen(server: Server) -> bool:
    """Return whether one of the server's addresses doesn't answer. Blocks ≤ 4 s for each."""
    addresses = [replace(server, target=part.strip()) for part in server.target.split(",")]
    return any(_is_address_frozen(address) for address in addresses)


def _is_address_frozen(address: Server) -> bool:
    channel = open_channel(address)
    try:
        stub = server_pb2_grpc.ServerStub(channel)
        stub.GetInfo(server_pb2.GetInfoRequest(), timeout=ANSWER_WITHIN_S)
    except grpc.RpcError as error:
        return _is_frozen_error(error)
    else:
        return False
    finally:
        channel.close()


def _is_frozen_error(error: grpc.RpcError) -> bool:
    """A frozen server's kernel accepts the connection, and sends nothing: UNAVAILABLE too,
    like a refused connection, distinguishable in the details only."""
    if not isinstance(error, grpc.Call):
        return False
    silent = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
    return error.code() in silent and "refused" not in (error.details() or "")
