"""The gRPC channels to inference servers: how one is secured, and when it is dead.

A channel belongs to one process (gRPC's threads don't survive a fork), so it is made lazily and
cached by process id.
"""

import json
import os
import time
from collections.abc import Callable

import grpc

from transcripts.inference.server_cache import ServerCache
from transcripts.inference.servers import Server
from transcripts.inference.targets import first_host, target_uri

# A peer that is frozen or unplugged holds its TCP connection open: only unanswered pings reveal it.
# Noticed after at most KEEPALIVE_TIME + KEEPALIVE_TIMEOUT: gRPC 1.85 waits for a ping's answer for
# ping_timeout_ms, 60 s by default, whatever keepalive_timeout_ms is. The server must allow pings
# this often (grpc.http2.min_ping_interval_without_data_ms), or it answers with GOAWAY
# "too_many_pings".
KEEPALIVE_TIME_MS = 5_000
KEEPALIVE_TIMEOUT_MS = 5_000
# Diarize carries the turns of a whole recording: 100,000 of 256 floats.
MAX_SEND_BYTES = 128 * 1024 * 1024
MAX_RECEIVE_BYTES = 16 * 1024 * 1024
# Of several replicas, those that answer “serving” only: one that drains gets no new calls.
_SERVICE_CONFIG = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": "stt.v1.Speech"},
    }
)
_WITH_DRAINING = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
# A name is asked again where a connection ends, which servers see to (STT_INFERENCE_CONNECTION_S):
# gRPC would wait for 30 s between two questions, in which a new replica idles.
_NAME_AGAIN_AFTER_MS = 1_000

_caches: dict[int, ServerCache[grpc.Channel]] = {}  # by process id


def get_channel(server: Server, *, clock: Callable[[], float] = time.monotonic) -> grpc.Channel:
    """Return this process's channel to `server`, made at the first call, and where it has moved.

    Blocks where names are resolved (`targets`). Raises UnavailableError.
    """
    uri = target_uri(server.target)
    cache = _caches.setdefault(os.getpid(), ServerCache())
    return cache.get(server, lambda: open_channel(server), version=uri, clock=clock)


def open_channel(server: Server) -> grpc.Channel:
    """Open a channel that balances over all addresses of the server's target, call by call."""
    uri, options = target_uri(server.target), channel_options(server)
    if not server.is_tls:
        return grpc.insecure_channel(uri, options=options)
    return grpc.secure_channel(uri, credentials_of(server), options=options)


def credentials_of(server: Server) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(root_certificates=server.ca_pem or None)


def channel_options(server: Server) -> list[tuple[str, object]]:
    """Return how every channel is set up, blocking or asynchronous."""
    service_config = _WITH_DRAINING if server.authority else _SERVICE_CONFIG
    options: list[tuple[str, object]] = [
        ("grpc.service_config", service_config),
        ("grpc.dns_min_time_between_resolutions_ms", _NAME_AGAIN_AFTER_MS),
        ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.ping_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 1_000),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.max_send_message_length", MAX_SEND_BYTES),
        ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
        # Two channels of one process to one address share a connection otherwise, and its fate.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    authority = server.authority or (first_host(server.target) if "," in server.target else "")
    if authority:
        options.append(("grpc.default_authority", authority))
    return options
