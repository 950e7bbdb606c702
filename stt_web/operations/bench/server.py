"""The web server that is measured: over HTTP and sockets, as a client speaks to it."""

import io
import ssl
import urllib.error
import urllib.request
import uuid
import wave
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from stt_web.operations.bench.live_sockets import Socket, open_sockets


@dataclass(frozen=True)
class MeasuredServer:
    """`url` without a slash at its end; `key` of the account that bench works with."""

    url: str
    key: str

    @property
    def host(self) -> str:
        """The name that it answers to; its address need not be one (STT_ALLOWED_HOSTS)."""
        parts = urlsplit(self.url)
        if validate_host(parts.hostname or "", settings.ALLOWED_HOSTS):
            return parts.netloc
        return str(settings.ALLOWED_HOSTS[0]).removeprefix(".")

    def transcribe(self, recording: bytes, *, timeout_s: float) -> int:
        """POST /v1/transcribe, on a connection of its own; return the status. Raises OSError."""
        boundary = uuid.uuid4().hex
        request = urllib.request.Request(  # noqa: S310  # the operator's own address
            f"{self.url}/v1/transcribe",
            data=_make_form(recording, boundary=boundary),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Host": self.host,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310  # same
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code

    async def open_sockets(self, count: int) -> list[Socket]:
        """Open live sessions. Raises OSError."""
        parts = urlsplit(self.url)
        is_tls = parts.scheme == "https"
        return await open_sockets(
            count,
            port=parts.port or (443 if is_tls else 80),
            address=parts.hostname or "",
            host=self.host,
            key=self.key,
            tls=ssl.create_default_context() if is_tls else None,
        )


class StatusError(Exception):
    """The web server answered with another status than it had to."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The web server answered {status}.")


def check_status(status: int, *, expected: int) -> None:
    if status != expected:
        raise StatusError(status)


def _make_form(recording: bytes, *, boundary: str) -> bytes:
    line = f"--{boundary}\r\nContent-Disposition: form-data; name="
    head = f'{line}"diarize"\r\n\r\nfalse\r\n{line}"file"; filename="bench.wav"\r\n\r\n'
    return head.encode() + recording + f"\r\n--{boundary}--\r\n".encode()


def make_wav(pcm: bytes) -> bytes:
    """Return a WAV file of int16, mono, 16 kHz."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm)
    return out.getvalue()
