"""A client that chooses an address must not reach by it what only this server can reach."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pytest_django import Settings

from accounts.models import User
from tests.transcripts.webhooks.receiver import Receiver
from transcripts.webhooks.addresses import BadUrlError
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookEndpoint
from transcripts.webhooks.sender import Answer, Request, Sender

REFUSED = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",  # noqa: S104  # not bound to
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "::ffff:0:127.0.0.1",
]


def post(url: str, sender: Sender) -> Answer:
    return sender.send(Request(url, {}, b"{}")).result(20)


@pytest.fixture
def senders() -> Iterator[list[Sender]]:
    """Senders of a test, to be closed."""
    senders: list[Sender] = []
    yield senders
    for sender in senders:
        sender.close()


@pytest.mark.parametrize("address", REFUSED)
def test_a_name_that_leads_to_a_special_address_is_not_called(
    senders: list[Sender], address: str
) -> None:
    senders.append(Sender(lookup=lambda host, port: [address]))

    assert post("https://hooks.example.com/", senders[0]).error == "host_unusable"


def test_a_name_that_leads_to_public_and_private_addresses_is_not_called(
    senders: list[Sender],
) -> None:
    senders.append(Sender(lookup=lambda host, port: ["93.184.215.14", "10.0.0.1"]))

    assert post("https://hooks.example.com/", senders[0]).error == "host_unusable"


def test_nothing_reaches_a_server_on_this_machine_by_any_name_of_it(
    settings: Settings, senders: list[Sender]
) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    senders.append(Sender())
    with Receiver() as inside:
        for host in (
            "localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0",
            "[::ffff:127.0.0.1]",
        ):
            answer = post(f"http://{host}:{inside.port}/", senders[0])
            assert answer.error in ("host_unusable", "invalid_url"), host
        assert inside.connections == 0


def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    settings: Settings, senders: list[Sender]
) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.2/32"]
    answers = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]])
    senders.append(Sender(lookup=lambda host, port: next(answers)))
    with (
        Receiver(host="127.0.0.2") as outside,
        Receiver(host="127.0.0.1", port=outside.port) as inside,
    ):
        url = f"http://rebinding.example.com:{outside.port}/"
        first = post(url, senders[0])
        second = post(url, senders[0])

        assert (first.error, second.error) == ("", "host_unusable")
        assert (outside.connections, inside.connections) == (1, 0)
        assert outside.messages[0].headers["host"] == f"rebinding.example.com:{outside.port}"


def test_the_next_address_is_tried_where_the_first_is_down(
    settings: Settings, senders: list[Sender]
) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    senders.append(Sender(lookup=lambda host, port: ["127.0.0.3", "127.0.0.2"]))
    with Receiver(host="127.0.0.2") as outside:
        assert post(f"http://hooks.example.com:{outside.port}/", senders[0]).is_success


def test_the_environments_proxy_is_not_used(
    settings: Settings, senders: list[Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        senders.append(Sender())
        assert post(receiver.url, senders[0]).is_success
        assert (proxy.connections, receiver.connections) == (0, 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "example.com/hook",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Evil: 1",
        "https://example.com/ž",
        "https://127.0.0.1\\@example.com/",
        "https://[::1",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://api.localhost:8443/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_an_endpoint_with_a_url_that_can_not_be_right_is_not_made(owner: User, url: str) -> None:
    with pytest.raises(BadUrlError):
        create_endpoint(owner, url=url)

    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/hook?x=1&y=%C5%BE",
        "https://příklad.cz/hook",
        "https://[2606:4700::1111]/",
    ],
)
def test_a_url_on_a_public_address_is_fine(owner: User, url: str) -> None:
    endpoint, secret = create_endpoint(owner, url=url)

    assert endpoint.url == url
    assert secret not in endpoint.secret_encrypted


def test_the_certificate_must_be_of_the_name_and_of_a_trusted_issuer(
    settings: Settings, senders: list[Sender], tmp_path: Path
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example.com").configure_cert(server_tls)
    asked: list[str | None] = []
    server_tls.sni_callback = lambda connection, name, context: asked.append(name)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    senders += [
        Sender(lookup=lambda host, port: ["127.0.0.1"], tls=trusting),
        Sender(lookup=lambda host, port: ["127.0.0.1"]),
    ]
    with Receiver(tls=server_tls) as receiver:
        right = post(f"https://hooks.example.com:{receiver.port}/", senders[0])
        wrong_name = post(f"https://other.example.com:{receiver.port}/", senders[0])
        untrusted = post(f"https://hooks.example.com:{receiver.port}/", senders[1])

    assert (right.status_code, right.error) == (200, "")
    assert (wrong_name.error, untrusted.error) == ("tls_failed", "tls_failed")
    assert asked == ["hooks.example.com", "other.example.com", "hooks.example.com"]
    assert len(receiver.messages) == 1
