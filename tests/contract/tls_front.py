"""TLS before a server of the test, as a proxy ends it: for clients that speak nothing else."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.certificates import make_certificates

_CHUNK_BYTES = 65536


@contextlib.contextmanager
def tls_before(port: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield an https address of 127.0.0.1 that leads to `port`, and the file of its authority."""
    made = make_certificates(folder)
    authority = folder / "authority.pem"
    authority.write_text(made.ca_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)

    async def join(from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(from_client, to_server), _copy(from_server, to_client))

    loop = asyncio.new_event_loop()
    listening = asyncio.start_server(join, "127.0.0.1", 0, ssl=context)
    server = loop.run_until_complete(listening)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", authority
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
    sink.close()
