"""A server of the S3 protocol of a test's own, and a front before it that fails as servers fail.

The server is moto's: what a bucket does by the book, from the package index. It checks no
signature, so the front does: of signed addresses, with botocore's own signer, and of the others the
key's name. What it can't show: several machines that agree late, throttling, limits of parts and
sizes, versions, encryption by the server, and what a certain vendor leaves out.
"""

import http.client
import itertools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from tests.e2e.processes import free_port

ACCESS_KEY, SECRET_KEY = "access-key-of-tests", "secret-key-of-tests-that-no-log-has"
REGION = "eu-test-1"
_numbers = itertools.count(1)
_servers: list[ThreadedMotoServer] = []
_lock = threading.Lock()


def _moto_port() -> int:
    """Start moto, one for the process: what it stores is the process's anyway."""
    with _lock:
        if not _servers:
            logging.getLogger("werkzeug").setLevel("ERROR")
            _servers.append(ThreadedMotoServer("127.0.0.1", port=free_port(), verbose=False))
            _servers[0].start()
        return int(_servers[0].get_host_and_port()[1])


class S3Server:
    """`with S3Server() as server:` has a bucket of its own at `server.url`.

    `fault`: how it fails, "" for not at all. `requests`: (method, path) of each.
    """

    FAULTS = (
        "hang", "error", "drop_put", "truncate", "corrupt", "lose", "garbage",
        "refuse_delete", "refuse_put", "no_multi_delete", "slow",
    )  # fmt: skip

    def __init__(self) -> None:
        self.port = free_port()
        self.bucket = f"media-{next(_numbers)}-{self.port}"
        self.fault = ""
        self.requests: list[tuple[str, str]] = []
        self._front: ThreadingHTTPServer | None = None
        self.moto_port = _moto_port()
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.moto_port}",
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )
        self.client.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """The settings of a process that uses it."""
        return {
            "STT_S3_BUCKET": self.bucket,
            "STT_S3_ENDPOINT": self.url,
            "STT_S3_REGION": REGION,
            "STT_S3_PREFIX": "below/here",
            "STT_S3_ACCESS_KEY": ACCESS_KEY,
            "STT_S3_SECRET_KEY": SECRET_KEY,
            "STT_S3_TIMEOUT_S": "1",
        }

    def as_storage(self, **options: object) -> dict[str, object]:
        """The entry of Django's STORAGES."""
        return {
            "BACKEND": "stt_web.core.media_store.storage.MediaStorage",
            "OPTIONS": {
                "bucket_name": self.bucket,
                "endpoint_url": self.url,
                "region_name": REGION,
                "location": "below/here",
                "access_key": ACCESS_KEY,
                "secret_key": SECRET_KEY,
                "addressing_style": "path",
                "timeout_s": 0.5,
                "pause_s": 0.0,
                **options,
            },
        }

    def list_keys(self) -> list[str]:
        """Return the keys of all objects, without the prefix."""
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return sorted(each["Key"].removeprefix("below/here/") for each in listed)

    def read(self, key: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=f"below/here/{key}")
        content: bytes = answer["Body"].read()
        return content

    def age(self, key: str, *, hours: float) -> None:
        """Make an object so old."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        stored = backend.get_object(self.bucket, f"below/here/{key}")
        assert stored is not None
        stored.last_modified = stored.last_modified - timedelta(hours=hours)

    @contextmanager
    def failing(self, fault: str) -> Iterator[None]:
        """Fail so within the block; "away": nothing listens."""
        if fault == "away":
            self.stop()
        else:
            assert fault in self.FAULTS
            self.fault = fault
        try:
            yield
        finally:
            self.fault = ""
            if fault == "away":
                self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.fault = ""
        self.stop()

    def start(self) -> None:
        server = self

        class Handler(_Front):
            owner = server

        self._front = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._front.daemon_threads = True
        threading.Thread(target=self._front.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._front is not None:
            self._front.shutdown()
            self._front.server_close()
            self._front = None


class _Front(BaseHTTPRequestHandler):
    """Passes a request on, and its answer back, as its owner's fault has it."""

    owner: S3Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None: ...

    def handle_one_request(self) -> None:
        if self.owner._front is None:  # stopped: connections that were open end, too
            self.close_connection = True
            return
        super().handle_one_request()

    def _pass_on(self) -> None:
        body = self._read_body()
        self.owner.requests.append((self.command, urlsplit(self.path).path))
        fault = self.owner.fault
        if self.owner._front is None:
            self.close_connection = True
        elif refusal := self._refusal():
            self._refuse(refusal)
        elif fault == "hang":
            self._hang()
        elif fault == "error":
            self._answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
        elif self._is_refused(fault):
            self._refuse("AccessDenied")
        elif fault == "no_multi_delete" and self.command == "POST" and self._deletes():
            self._answer(400, {}, b"<Error><Code>MissingContentMD5</Code></Error>")
        elif fault == "garbage":
            self._answer(200, {}, b"It works!")
        elif fault == "drop_put" and self.command in ("PUT", "POST"):
            self._answer(200, {"ETag": '"0"'}, b"")
        elif fault == "lose" and self.command in ("GET", "HEAD") and "/below/" in self.path:
            self._answer(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            status, headers, content = self._ask(body)
            self._answer(status, headers, content, fault=fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on  # noqa: N815  # http.server's names

    def _is_refused(self, fault: str) -> bool:
        if fault == "refuse_put":
            return self.command in ("PUT", "POST")
        return fault == "refuse_delete" and self._deletes()

    def _deletes(self) -> bool:
        parameters = urlsplit(self.path).query.replace("=", "").split("&")
        return self.command == "DELETE" or "delete" in parameters

    def _read_body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.owner.moto_port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name != "Expect"}
        link.request(self.command, self.path, body=body or None, headers=headers)
        answer = link.getresponse()
        content = answer.read()
        link.close()
        return answer.status, dict(answer.getheaders()), content

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, *, fault: str = ""
    ) -> None:
        is_object = self.command == "GET" and "/below/" in self.path and status in (200, 206)
        length = headers.get("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        if self.command == "HEAD":
            return
        if is_object and fault == "truncate":
            content = content[: len(content) // 2]
            self.close_connection = True
        if is_object and fault == "corrupt" and content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        step = 8192 if is_object and fault == "slow" else len(content)
        for start in range(0, len(content), step or 1):
            self.wfile.write(content[start : start + step])
            time.sleep(0.1 if step < len(content) else 0)

    def _hang(self) -> None:
        deadline = time.monotonic() + 30
        while self.owner.fault == "hang" and time.monotonic() < deadline:
            time.sleep(0.02)
        self.close_connection = True

    def _refuse(self, code: str) -> None:
        content = f"<Error><Code>{code}</Code><Message>-</Message></Error>".encode()
        self._answer(403, {"Content-Type": "application/xml"}, content)

    def _refusal(self) -> str:
        query = parse_qs(urlsplit(self.path).query)
        if "X-Amz-Signature" in query:
            return self._check_address(query)
        named = self.headers.get("Authorization", "")
        return "" if f"Credential={ACCESS_KEY}/" in named else "InvalidAccessKeyId"

    def _check_address(self, query: dict[str, list[str]]) -> str:
        """Return why a signed address doesn't count; empty: it does."""
        fields = {name: values[0] for name, values in query.items()}
        signature, signed_at = fields.pop("X-Amz-Signature"), fields["X-Amz-Date"]
        expires_s = int(fields["X-Amz-Expires"])
        host = self.headers["Host"]
        asked = f"{urlsplit(self.path).path}?{urlencode(fields, quote_via=quote)}"
        request = AWSRequest(
            method=self.command, url=f"http://{host}{asked}", headers={"host": host}
        )
        request.context["timestamp"] = signed_at
        signer = S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION, expires_s)
        canonical = signer.canonical_request(request)
        text = signer.string_to_sign(request, canonical)
        if signer.signature(text, request) != signature:
            return "SignatureDoesNotMatch"
        made_at = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        age_s = (datetime.now(UTC) - made_at).total_seconds()
        return "AccessDenied" if age_s > expires_s else ""
