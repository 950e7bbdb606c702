"""The server as a whole: health, token, TLS, metrics, reflection, draining."""

import asyncio
import datetime
import ipaddress
import logging
import urllib.request
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from inference_service.server import CannotListenError
from protos.stt.v1 import server_pb2, server_pb2_grpc
from tests.inference_service.calls import fail_to_transcribe, make_messages, transcribe
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.recordings import load_pcm

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def check_health(channel: grpc.aio.Channel, service: str = "") -> object:
    request = health_pb2.HealthCheckRequest(service=service)
    return (await health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)).status


async def get_info(
    channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...] = ()
) -> server_pb2.ServerInfo:
    stub = server_pb2_grpc.ServerStub(channel)
    return await stub.GetInfo(server_pb2.GetInfoRequest(), timeout=10, metadata=metadata)


async def test_info_lists_the_models_and_which_one_answers(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        before = await get_info(served.channel)
        await transcribe(served.channel, load_pcm("en_short_1"))
        after = await get_info(served.channel)
    models = {model.id: model for model in before.models}
    assert before.default_model == "tiny"
    assert models["tiny"].available
    assert not models["tiny"].loaded
    assert models["large-v3-turbo"].served_by == "tiny"
    assert models["medium"].served_by == ""
    assert "pull medium" in models["medium"].install_hint
    assert {"cs", "en"} <= set(models["tiny"].languages)
    assert [queue.priority for queue in before.queues] == ["live", "short", "bulk"]
    assert before.embedder == "fake-embedder"
    assert {model.id for model in after.models if model.loaded} == {"tiny"}


async def test_enhancers_and_voice_engines_are_listed_with_their_licences(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        info = await get_info(served.channel)
    engines = {engine.id: engine for engine in info.optional_engines}
    assert (engines["gtcrn"].kind, engines["gtcrn"].licence) == ("enhancer", "MIT")
    assert (engines["f5-tts"].kind, list(engines["f5-tts"].languages)) == ("voice", ["en", "zh"])
    assert engines["f5-tts"].licence.startswith("CC-BY-NC-4.0")
    for name in ("gtcrn", "f5-tts"):
        assert not engines[name].available
        assert f"pull {name}" in engines[name].install_hint


async def test_health_is_reported_for_the_server_and_each_service(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        for service in ("", "stt.v1.Speech", "stt.v1.Audio", "stt.v1.Server"):
            assert await check_health(served.channel, service) == SERVING


def list_services(port: int) -> set[str]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return set(ProtoReflectionDescriptorDatabase(channel).get_services())


async def test_reflection_is_off_unless_asked_for(serve: Serve, recogniser: FakeRecogniser) -> None:
    async with serve(recogniser) as served:
        with pytest.raises(grpc.RpcError) as refused:
            await asyncio.to_thread(list_services, served.server.port)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_reflection_lists_the_services(serve: Serve, recogniser: FakeRecogniser) -> None:
    async with serve(recogniser, reflection=True) as served:
        services = await asyncio.to_thread(list_services, served.server.port)
    assert {"stt.v1.Speech", "stt.v1.Audio", "stt.v1.Server", "grpc.health.v1.Health"} <= services


async def test_a_draining_server_finishes_what_is_open_and_refuses_what_is_new(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    async with serve(recogniser, drain_grace_s=30.0) as served:
        open_call = asyncio.create_task(transcribe(served.channel, load_pcm("en_short_1")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        draining = asyncio.create_task(served.server.drain())
        async with asyncio.timeout(10):
            while not (await get_info(served.channel)).draining:
                await asyncio.sleep(0.01)
        assert await check_health(served.channel) == NOT_SERVING
        messages = make_messages(load_pcm("en_short_2"))
        status, _ = await fail_to_transcribe(served.server.port, messages)
        assert status is grpc.StatusCode.UNAVAILABLE
        assert not draining.done()
        recogniser.gate.set()
        assert (await open_call).text
        await asyncio.wait_for(draining, 10)


async def test_an_old_connection_ends_and_what_it_carries_does_not(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    """So that clients ask for a name's addresses again, and find replicas that are new."""
    recogniser.gate.clear()
    async with serve(recogniser, connection_age_s=0.2) as served:
        open_call = asyncio.create_task(transcribe(served.channel, load_pcm("en_short_1")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        async with asyncio.timeout(10):
            while served.channel.get_state() is grpc.ChannelConnectivity.READY:
                await served.channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
        assert not open_call.done()
        recogniser.gate.set()
        assert (await open_call).text


async def test_a_session_that_outlasts_the_grace_period_is_cut_off(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    recogniser.gate.clear()
    async with serve(recogniser, drain_grace_s=0.1) as served:
        open_call = asyncio.create_task(transcribe(served.channel, load_pcm("en_short_1")))
        await asyncio.to_thread(recogniser.entered.wait, 10)
        await served.server.drain()
        closing = asyncio.create_task(served.server.close())
        with pytest.raises(grpc.aio.AioRpcError) as cut_off:
            await open_call
        assert cut_off.value.code() is grpc.StatusCode.UNAVAILABLE
        recogniser.gate.set()
        await closing


@pytest.mark.parametrize("sent", ["", "secret", "Bearer wrong", "bearer secret"])
async def test_calls_without_the_shared_token_are_refused(
    serve: Serve, recogniser: FakeRecogniser, sent: str
) -> None:
    metadata = (("authorization", sent),)
    async with serve(recogniser, token="secret") as served:
        with pytest.raises(grpc.aio.AioRpcError) as unary:
            await get_info(served.channel, metadata)
        messages = make_messages(load_pcm("en_short_1"))
        status, _ = await fail_to_transcribe(served.server.port, messages, metadata=metadata)
    assert unary.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert status is grpc.StatusCode.UNAUTHENTICATED


async def test_the_shared_token_opens_and_health_needs_none(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    metadata = (("authorization", "Bearer secret"),)
    async with serve(recogniser, token="secret") as served:
        assert await check_health(served.channel) == SERVING
        assert (await get_info(served.channel, metadata)).default_model == "tiny"
        result = await transcribe(served.channel, load_pcm("en_short_1"), metadata=metadata)
    assert result.text


async def test_metrics_report_queues_batches_and_memory(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    def read(port: int) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    async with serve(recogniser, metrics_listen="127.0.0.1:0") as served:
        await transcribe(served.channel, load_pcm("en_short_1"))
        text = await asyncio.to_thread(read, served.server.metrics_port)
    assert 'stt_queue_windows{priority="bulk"} 0.0' in text
    assert 'stt_sessions{priority="short"} 0.0' in text
    assert "stt_windows_total 1.0" in text
    assert "stt_batch_fill_ratio_count 1.0" in text
    assert 'stt_model_memory_bytes{model="tiny"} 1000.0' in text


async def test_log_lines_carry_the_clients_request_id_and_no_text(
    serve: Serve, recogniser: FakeRecogniser, caplog: pytest.LogCaptureFixture
) -> None:
    from inference_service.logs import RequestIdFilter

    caplog.handler.addFilter(RequestIdFilter())
    caplog.set_level(logging.INFO)
    async with serve(recogniser) as served:
        result = await transcribe(
            served.channel,
            load_pcm("en_short_1"),
            prompt="confidential",
            metadata=(("x-request-id", "abc-123"),),
        )
    (record,) = [record for record in caplog.records if "event=transcribed" in record.message]
    assert vars(record)["request_id"] == "abc-123"
    assert "model=tiny" in record.message
    assert not any(word in caplog.text for word in ["confidential", *result.text.split()])


async def test_two_servers_cannot_share_a_port(serve: Serve, recogniser: FakeRecogniser) -> None:
    async with serve(recogniser) as served:
        with pytest.raises(CannotListenError):
            async with serve(recogniser, listen=f"127.0.0.1:{served.server.port}"):
                pass


async def test_calls_over_tls_work_and_plain_ones_do_not(
    serve: Serve, recogniser: FakeRecogniser, tmp_path: Path
) -> None:
    certificate, key = make_certificate(tmp_path)
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    async with serve(recogniser, tls_cert=certificate, tls_key=key) as served:
        address = f"127.0.0.1:{served.server.port}"
        async with grpc.aio.secure_channel(address, credentials) as channel:
            assert (await transcribe(channel, load_pcm("en_short_1"))).text
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await get_info(served.channel)
        assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "server.pem", folder / "server.key"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path
