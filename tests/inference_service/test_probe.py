"""The probe of an inference container, over the real server: serving, draining, away, with TLS."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

from inference_service.config import Config
from inference_service.probe import find_problem
from tests.certificates import make_certificates
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser


async def probe(port: int, config: Config | None = None, *, must_serve: bool = True) -> str:
    asked = replace(config or Config(), listen=f"127.0.0.1:{port}")
    return await asyncio.to_thread(find_problem, asked, must_serve=must_serve)


async def test_a_server_that_serves_is_ready_until_it_drains(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser, token="secret", drain_grace_s=0.1) as served:
        assert await probe(served.server.port) == ""
        await served.server.drain()
        assert "is not serving" in await probe(served.server.port)
        assert await probe(served.server.port, must_serve=False) == ""  # but alive


async def test_a_server_that_takes_connections_and_answers_nothing_is_not_alive() -> None:
    with socket.socket() as stuck:
        stuck.bind(("127.0.0.1", 0))
        stuck.listen()
        assert "doesn't answer" in await probe(stuck.getsockname()[1], must_serve=False)


async def test_a_server_with_tls_is_asked_under_its_own_name(
    serve: Serve, recogniser: FakeRecogniser, tmp_path: Path
) -> None:
    made = make_certificates(tmp_path / "tls")
    tls = Config(tls_cert=made.certificate, tls_key=made.key)
    async with serve(recogniser, tls_cert=made.certificate, tls_key=made.key) as served:
        assert await probe(served.server.port, tls) == ""
        assert "doesn't answer" in await probe(served.server.port)  # without TLS


async def test_another_server_in_its_place_is_not_it(
    serve: Serve, recogniser: FakeRecogniser, tmp_path: Path
) -> None:
    ours, others = make_certificates(tmp_path / "ours"), make_certificates(tmp_path / "others")
    tls = Config(tls_cert=ours.certificate, tls_key=ours.key)
    async with serve(recogniser, tls_cert=others.certificate, tls_key=others.key) as served:
        assert "is not reached" in await probe(served.server.port, tls)


async def test_a_port_without_a_server_is_not_ready() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        assert "doesn't answer" in await probe(reserved.getsockname()[1])
