"""Replicas behind one name, on loopback: a name server, and servers that say who they are."""

import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from protos.stt.v1 import server_pb2, server_pb2_grpc

NAME = "inference.test"
_A, _IN = 1, 1
_IS_ANSWER = 0x8180


class NameServer:
    """Answers every question of an IPv4 address with `addresses`; UDP, on a port of its own."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                question, sender = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(question), sender)
            except OSError:  # closed
                return

    def _answer(self, question: bytes) -> bytes:
        end = question.index(b"\0", 12) + 5
        kind = struct.unpack(">H", question[end - 4 : end - 2])[0]
        found = self.addresses if kind == _A else []
        head = question[:2] + struct.pack(">HHHHH", _IS_ANSWER, 1, len(found), 0, 0)
        rows = [
            b"\xc0\x0c" + struct.pack(">HHIH", _A, _IN, 0, 4) + socket.inet_aton(address)
            for address in found
        ]
        return head + question[12:end] + b"".join(rows)


class Replica(server_pb2_grpc.ServerServicer):
    """A server at an address of its own, which counts its calls."""

    def __init__(self, host: str, port: int, *, connection_s: float) -> None:
        self.calls = 0
        self._is_draining = False
        self._health = health.HealthServicer()
        self._server = grpc.server(
            ThreadPoolExecutor(4),
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_connection_age_ms", round(connection_s * 1000)),
            ],
        )
        server_pb2_grpc.add_ServerServicer_to_server(self, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = self._server.add_insecure_port(f"{host}:{port}")
        self._health.set("stt.v1.Speech", health_pb2.HealthCheckResponse.SERVING)
        self._server.start()

    def GetInfo(  # noqa: N802  # named by the proto
        self, request: server_pb2.GetInfoRequest, context: grpc.ServicerContext
    ) -> server_pb2.ServerInfo:
        self.calls += 1
        return server_pb2.ServerInfo(version="replica", draining=self._is_draining)

    def drain(self) -> None:
        self._is_draining = True
        self._health.enter_graceful_shutdown()

    def stop(self) -> None:
        self._server.stop(0).wait()


@contextmanager
def replicas(names: NameServer, count: int, *, connection_s: float) -> Iterator[list[Replica]]:
    """That many on 127.0.0.2 and following, on one port; none has a name yet."""
    running: list[Replica] = []
    try:
        for number in range(count):
            port = running[0].port if running else 0
            running.append(Replica(f"127.0.0.{number + 2}", port, connection_s=connection_s))
        yield running
    finally:
        for replica in running:
            replica.stop()
        names.close()
