"""What Prometheus scrapes, of both tiers: bounded in time, in size, and in how many at once."""

import socket
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from inference_service import metrics_server as of_inference
from stt_web.core import metrics_server as of_web


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("stt_example", "An example.", ["name"], registry=registry).labels("a").set(7)
    return registry


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return bytes(answer.read()).decode()


TIERS = pytest.mark.parametrize("tier", [of_web, of_inference], ids=["web", "inference"])


@TIERS
def test_a_scrape_has_the_registry(tier: Any, registry: CollectorRegistry) -> None:
    port = tier.start_metrics_server("127.0.0.1", 0, registry)
    assert 'stt_example{name="a"} 7.0' in scrape(port)


@TIERS
def test_clients_that_are_silent_are_cut_off_and_free_their_places(
    tier: Any, registry: CollectorRegistry
) -> None:
    port = tier.start_metrics_server("127.0.0.1", 0, registry, within_s=0.5)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(tier.AT_ONCE)]
    for connection in silent:
        connection.settimeout(10)
        connection.sendall(b"GET /metrics HTTP/1.1\r\n")  # and nothing more
    time.sleep(0.1)
    with socket.create_connection(("127.0.0.1", port)) as further:  # there is no place for it
        further.settimeout(10)
        assert further.recv(1) == b""
    assert [connection.recv(1) for connection in silent] == [b""] * tier.AT_ONCE
    for connection in silent:
        connection.close()
    time.sleep(0.1)
    assert "stt_example" in scrape(port)


@TIERS
def test_an_answer_that_is_too_large_is_an_error(tier: Any, registry: CollectorRegistry) -> None:
    port = tier.start_metrics_server("127.0.0.1", 0, registry, most_bytes=20)
    with pytest.raises(urllib.error.HTTPError) as refused:
        scrape(port)
    assert refused.value.code == 500
