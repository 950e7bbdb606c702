"""A TCP proxy that can stop answering, between the product and a server that it needs."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class TcpProxy:
    """Passes bytes both ways from `port` of 127.0.0.1 to a server. While `is_stuck`, connections
    are taken and no byte goes through; those that came then never get an answer."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        self._flows.set()
        self._open: set[socket.socket] = set()
        self._is_over = threading.Event()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def is_stuck(self) -> bool:
        return not self._flows.is_set()

    @is_stuck.setter
    def is_stuck(self, value: bool) -> None:
        if value:
            self._flows.clear()
        else:
            self._flows.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._listener.close()
        self._is_over.set()
        self._flows.set()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        if self.is_stuck:
            self._is_over.wait()
            client.close()
            return
        server = socket.create_connection(self._server)
        self._open |= {client, server}
        back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
        back.start()
        self._pass(client, server)
        back.join()
        for each in (client, server):
            self._open.discard(each)
            each.close()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
