"""A key, or an account, that ends while an upload arrives: nothing is accepted for it."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.keys.issue import revoke_api_key
from accounts.services.account_deletion import close_account
from billing.models import Hold
from tests.transcripts.served_api import Client, wav
from transcripts.models import Transcript

pytestmark = pytest.mark.database


def revoke(client: Client) -> None:
    revoke_api_key(client.user.api_keys.get())


def expire(client: Client) -> None:
    client.user.api_keys.update(expires_at=timezone.now())


def close(client: Client) -> None:
    close_account(client.user)


def send_slowly(client: Client, *, in_between: Callable[[], object]) -> bytes:
    """Send half of an upload, do something, send the rest; return the answer."""
    boundary = "----x"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="async"\r\n\r\ntrue\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    ).encode()
    body = head + wav(seconds=60) + f"\r\n--{boundary}--\r\n".encode()
    address = urlsplit(client.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(
            (
                f"POST /v1/transcribe HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {client.key}\r\nContent-Length: {len(body)}\r\n"
                f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
            ).encode()
            + body[:1_200_000]
        )
        while not list(Path(settings.MEDIA_ROOT).glob("*/recording")):
            time.sleep(0.01)  # until it is known who sends it, and the body is being read
        in_between()
        connection.sendall(body[1_200_000:])
        return connection.recv(65536)


@pytest.mark.parametrize("end", [revoke, expire, close])
def test_nothing_is_accepted_for_what_ended_in_between(
    client: Client, end: Callable[[Client], None]
) -> None:
    for path in Path(settings.MEDIA_ROOT).glob("*/recording"):
        path.unlink()
    answer = send_slowly(client, in_between=lambda: end(client))
    assert b" 401 " in answer.splitlines()[0]
    assert not Transcript.objects.exists()
    assert not Hold.objects.exists()
    assert not list(Path(settings.MEDIA_ROOT).glob("*/recording"))


def test_an_upload_of_a_key_that_stays_good_is_accepted(client: Client) -> None:
    for path in Path(settings.MEDIA_ROOT).glob("*/recording"):
        path.unlink()
    answer = send_slowly(client, in_between=lambda: None)
    assert answer.splitlines()[0].split()[1] in (b"200", b"202")
