"""What there is to be probed, with ids of objects that are there."""

import http.client
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.urls import get_resolver
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from accounts.keys.issue import issue_api_key
from accounts.models import User
from billing.models import Plan
from tests.billing.conftest import create_account
from tests.transcripts.rows import create_transcript
from transcripts.models import Segment, Speaker, Status
from transcripts.sharing.links import create_share
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

IS_WHOLE = os.environ.get("STT_PROBES") == "all"
SAMPLE = 40
# The ingest reads these before Django does (tests/stt_web/core/asgi/test_upload_layer.py,
# test_multipart.py).
UPLOADS = {"/v1/transcribe", "/v1/tts", "/api/v1/transcripts/import/"}
WORD = {"word": "Good", "start_ms": 0, "end_ms": 900, "confidence": 0.9, "space_before": False}


@dataclass(frozen=True)
class Operation:
    """A path with the names of its ids in braces, and a method in upper case."""

    path: str
    method: str
    fields: tuple[str, ...] = ()  # of its JSON body
    parameters: tuple[str, ...] = ()  # of its query

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@lru_cache(maxsize=1)
def api_operations() -> tuple[Operation, ...]:
    """Return all that the OpenAPI document describes; a test holds it against the URL table."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    schemas = document["components"]["schemas"]
    return tuple(
        Operation(path, method.upper(), _fields(described, schemas), _parameters(described))
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if path not in UPLOADS
    )


def page_paths() -> Iterator[str]:
    """Yield the address of every page, ids in braces."""
    for route in _routes(get_resolver().url_patterns):
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        is_readable = "(?P" not in path and "\\" not in path and "^" not in path
        if is_readable and not path.startswith(("/v1/", "/api/")):
            yield path


def _routes(patterns: Any, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern.url_patterns, here)
        else:
            yield here


def _fields(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[str, ...]:
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return tuple(schema.get("properties", {}))


def _parameters(described: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(each["name"] for each in described.get("parameters", []) if each["in"] == "query")


def is_sampled(*about: object, of: int = SAMPLE) -> bool:
    """Whether a probe is of this run: always the same ones, about one in `of`."""
    return IS_WHOLE or zlib.crc32(repr(about).encode("utf-8", "backslashreplace")) % of == 0


@dataclass(frozen=True)
class Answer:
    """`content` of a refusal or a page; of others the body is left unread: some last."""

    status: int
    content: bytes


@dataclass
class Owner:
    """A user with one object of each kind. `ids`: by the names that addresses have."""

    url: str
    user: User
    headers: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def fill(self, path: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: self.ids.get(match[1], "1"), path)


def call(
    owner: Owner,
    operation: Operation,
    *,
    query: str = "",
    data: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request as it stands: a client library would mend its address and headers."""
    server = urlsplit(owner.url)
    sent = {"Host": server.netloc, "Content-Length": str(len(data))} | owner.headers
    connection = http.client.HTTPConnection(server.netloc, timeout=30)
    connection.putrequest(
        operation.method,
        owner.fill(operation.path) + query,
        skip_host=True,
        skip_accept_encoding=True,
    )
    for name, value in (sent | dict(headers or {})).items():
        connection.putheader(name, value.encode("latin-1"))
    try:
        connection.endheaders(data)
        with connection.getresponse() as answer:
            return Answer(answer.status, answer.read() if _is_short(answer) else b"")
    finally:
        connection.close()


def _is_short(answer: http.client.HTTPResponse) -> bool:
    return answer.status >= 400 or answer.getheader("Content-Type", "").startswith("text/html")


def make_owner(url: str) -> Owner:
    account = create_account(minutes=60)
    Plan.objects.update(requests_per_minute=1_000_000)
    user = account.user
    assert user is not None
    api_key, raw = issue_api_key(user, name="probe")
    transcript = create_transcript(
        owner=user,
        model_requested="tiny",
        status=Status.COMPLETED,
        audio_duration_ms=2000,
        title="Talk",
    )
    speaker = Speaker.objects.create(transcript=transcript, position=1, label="Speaker 1")
    segment = Segment.objects.create(
        transcript=transcript, position=1, start_ms=0, end_ms=900, text="Good", words=[WORD],
        speaker=speaker,
    )  # fmt: skip
    share, token = create_share(transcript)
    endpoint = WebhookEndpoint.objects.create(
        owner=user, url="https://example.com/", secret_encrypted=""
    )
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event="transcript.completed",
        key="one",
        body="{}",
        created_at=timezone.now(),
        next_try_at=timezone.now(),
    )
    ids = {
        "transcript_id": str(transcript.pk),
        "share_id": str(share.pk),
        "endpoint_id": str(endpoint.pk),
        "delivery_id": str(delivery.pk),
        "key": str(segment.key),
        "key_id": str(api_key.pk),
        "number": "1",
        "format_name": "srt",
        "token": token,
    }
    return Owner(url, user, {"Authorization": f"Bearer {raw}"}, ids)
