"""An ASGI application behind a real uvicorn on a real socket, in a thread of the test."""

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn

from stt_web.core.asgi.http_protocol import HttpProtocol
from stt_web.core.asgi.socket_protocol import SocketProtocol


class Served:
    """`with Served(app) as server:` listens on `server.url` until the block ends."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            http=HttpProtocol,
            ws=SocketProtocol,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="served", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "uvicorn did not start"
            self._thread.join(0.005)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join(10)

    def stop(self) -> None:
        """Have it end, as a signal does."""
        self._server.should_exit = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count_tasks(self, name: str) -> int:
        """Return how many tasks of that name the server's event loop has."""
        assert self._loop is not None
        return sum(task.get_name() == name for task in asyncio.all_tasks(self._loop))

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve()
