"""`X-Forwarded-For` is believed as far as our own proxies wrote it, and no further."""

import pytest
from django.http import HttpRequest
from pytest_django import Settings

from accounts.client_address import digest_address, find_client_address, request_address
from stt_web.core.env import BadSettingError, read_networks

PROXIES = ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        # A client from outside may claim anything.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),
        # What the proxy appended is on the right; what stands left of it, the client sent.
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66,198.51.100.1,10.0.0.2", "198.51.100.1"),
        # All of it ours: the leftmost is as far as we can see.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, garbage, 10.0.0.2", "10.0.0.2"),
        # Spellings.
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_right_most_address_that_is_not_ours_is_the_clients(
    peer: str, forwarded_for: str, client: str
) -> None:
    found = find_client_address(peer=peer, forwarded_for=forwarded_for, trusted=PROXIES)
    assert found == client


def test_no_one_is_trusted_unless_configured(settings: Settings) -> None:
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    settings.TRUSTED_PROXIES = []
    assert request_address(request) == "127.0.0.1"
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert request_address(request) == "198.51.100.1"


def test_a_digest_needs_the_servers_secret(settings: Settings) -> None:
    settings.SECRET_KEY = "one"
    first = digest_address("192.0.2.1")
    settings.SECRET_KEY = "two"
    assert digest_address("192.0.2.1") != first


def test_a_list_of_proxies_that_cannot_be_read_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STT_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.0/8, fd00::/8")
    assert read_networks("STT_TRUSTED_PROXIES") == ["10.0.0.1", "10.0.0.0/8", "fd00::/8"]
    monkeypatch.setenv("STT_TRUSTED_PROXIES", "10.0.0.1, proxy.local")
    with pytest.raises(BadSettingError, match=r"STT_TRUSTED_PROXIES lists 'proxy\.local'"):
        read_networks("STT_TRUSTED_PROXIES")
