"""Is the inference server of this container ready? For orchestrators whose own probe knows no TLS.

    python -m inference_service.probe          exit 0 where it serves, else 1 with a sentence
    python -m inference_service.probe alive    exit 0 where it answers at all, as one that drains

Asks the health service of `STT_INFERENCE_LISTEN` on this machine, as the settings have it: a server
that starts, drains, is frozen or gone is not ready. With TLS the server's own certificate file is
what is trusted.
"""

import socket
import ssl
import sys
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inference_service.config import BadConfigError, Config, read_config

DEADLINE_S = 3.0
SERVICE = "stt.v1.Speech"


def find_problem(config: Config, *, must_serve: bool = True) -> str:
    """Return what is amiss, in words, or nothing. Without `must_serve` any answer will do."""
    host, _, port = config.listen.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104  # not bound here
    try:
        with _open_channel(host, int(port), config.tls_cert) as channel:
            request = health_pb2.HealthCheckRequest(service=SERVICE)
            answer = health_pb2_grpc.HealthStub(channel).Check(
                request, timeout=DEADLINE_S, wait_for_ready=True
            )
    except grpc.RpcError as error:
        return f"{config.listen} doesn't answer: {error.code().name}."
    except OSError as error:
        return f"{config.listen} is not reached: {error}."
    if answer.status == health_pb2.HealthCheckResponse.SERVING or not must_serve:
        return ""
    return f"{config.listen} is not serving: it starts or drains."


def _open_channel(host: str, port: int, certificate: Path | None) -> grpc.Channel:
    if certificate is None:
        return grpc.insecure_channel(f"{host}:{port}")
    # No name of the certificate need be the loopback address: it is looked for under its own.
    options = [("grpc.ssl_target_name_override", _read_name(host, port, certificate))]
    trusted = grpc.ssl_channel_credentials(root_certificates=certificate.read_bytes())
    return grpc.secure_channel(f"{host}:{port}", trusted, options=options)


def _read_name(host: str, port: int, certificate: Path) -> str:
    """Return a name of the certificate that the server shows. Raises OSError if it isn't ours."""
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False  # found out here
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    address = (host.strip("[]"), port)
    with (
        socket.create_connection(address, DEADLINE_S) as raw,
        context.wrap_socket(raw) as connection,
    ):
        shown = connection.getpeercert() or {}
    names = shown.get("subjectAltName", ())
    return str(names[0][1]) if names else ""


if __name__ == "__main__":
    try:
        sys.exit(find_problem(read_config(), must_serve=sys.argv[1:] != ["alive"]) or 0)
    except BadConfigError as error:
        sys.exit(str(error))
