"""GET /openapi.json (OpenAPI 3.1): what the server does, from the code that does it.

Views declare what they take and answer, errors included (`stt_web.core.documentation`). What
follows from the kind of an operation is added here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_serializer
from drf_spectacular.utils import Direction

from accounts.authentication import AuthenticationError, MissingKeyError, ScopeError
from accounts.keys.throttle import KeyThrottledError
from accounts.permissions import PUBLIC, Scopes
from billing.request_rates import RateLimitError
from stt_web.core.documentation import DeclaredError, describe_error, errors_of
from stt_web.core.error_responses import MethodNotAllowedError, allow_methods
from stt_web.core.errors import (
    CsrfError,
    InternalError,
    InvalidValueError,
    MalformedBodyError,
    NotAcceptableError,
    UnreadableRequestError,
    UnsupportedBodyError,
)
from stt_web.core.outages import (
    DatabaseUnavailableError,
    DiskFullError,
    StorageUnavailableError,
)
from stt_web.core.upload_errors import BodyTooLargeError, StalledError

# What any request may be answered with.
_OF_ALL: tuple[DeclaredError, ...] = (
    MethodNotAllowedError,
    UnreadableRequestError,
    InvalidValueError,
    InternalError,
    DatabaseUnavailableError,
    DiskFullError,
    StorageUnavailableError,
)
_SENTENCE_END = re.compile(r"[.;:](?:\s|$)")
_Meanings = dict[str, dict[str, None]]  # code → sentences, each once, in order
_TEXT_FORMATS = ("text/plain", "application/x-subrip", "text/vtt")
_CREDIT_HEADERS = {
    "X-Credits-Charged": (
        "integer",
        "What this cost: started minutes, of the monthly allowance or in credits.",
    ),
    "X-Credits-Left": (
        "integer",
        "Minutes left of this month's allowance and credits of the account, in all.",
    ),
}
_HEADERS = {
    "X-Transcript-Id": ("string", "The stored transcript."),
    "X-Transcript-Token": (
        "string",
        "Without a key: opens this transcript for an hour, as a bearer token; `POST"
        " /api/v1/transcripts/claim/` takes it over into an account.",
    ),
    "X-Audio-Duration": ("number", "Seconds."),
    **_CREDIT_HEADERS,
    "X-Model-Used": ("string", "The model that really ran."),
    "X-Gap-Seconds": ("number", "Of speech that is not in the text; 0: all of it is."),
    "X-Warnings": ("integer", "How many `warnings` the transcript has."),
}
# Of other work: with the sound, and with 202, when nothing is charged yet.
_ENHANCED_HEADERS = {
    "X-Enhancement-Id": ("string", "The work, for a day."),
    "X-Enhance-Model": ("string", "The engine that removed the noise."),
    "X-Audio-Duration": ("number", "Seconds."),
    "X-Warnings": ("integer", "How many `warnings` the work has."),
    **_CREDIT_HEADERS,
}
_SPEECH_HEADERS = {
    "X-Voice-Job-Id": ("string", "The work, for a day."),
    "X-Duration": ("number", "Seconds of speech."),
    "X-Generation-Time": ("number", "Seconds that the engine worked."),
    "X-Model-Used": ("string", "The engine that spoke."),
    "X-Voice": ("string", "The fixed voice, or `reference`."),
    "X-Watermark": ("string", "The inaudible mark in the speech, or `none`."),
    **_CREDIT_HEADERS,
}
_LOCATION = {"Location": ("string", "Where to look.")}


class ApiSchema(AutoSchema):
    """One operation, from its view."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return what opens it; also nothing, where the view is open to everyone."""
        opened_by: list[dict[str, list[str]]] = super().get_auth()
        return [*opened_by, {}] if self._needed is PUBLIC or self._is_for_guests else opened_by

    def get_summary(self) -> str:
        """Return the line that lists show: what the description says first."""
        given: str | None = super().get_summary()
        text = " ".join((self.get_description() or "").split())
        return given or _SENTENCE_END.split(text, maxsplit=1)[0]

    def list_errors(self) -> list[DeclaredError]:
        """Return what the operation declares, and what follows from its kind."""
        handler = getattr(self.view, self.method.lower())
        return [*errors_of(handler), *self._common_errors()]

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        by_status: defaultdict[int, _Meanings] = defaultdict(dict)
        for error in self.list_errors():
            by_status[error.status].setdefault(error.code, {})[describe_error(error)] = None
        refusals = {str(status): _refusal(status, by_status[status]) for status in by_status}
        return bodies | {status: refusals[status] for status in sorted(refusals.keys() - bodies)}

    def _common_errors(self) -> Iterator[DeclaredError]:
        is_public, is_plain = self._needed is PUBLIC, hasattr(self.view, "is_plain")
        yield from _OF_ALL
        if self.view.get_authenticators():
            yield from (AuthenticationError, KeyThrottledError)
            yield from () if is_public or self._is_for_guests else (MissingKeyError,)
        if self._needed:
            yield ScopeError
        if self.view.throttle_classes and not (is_plain and is_public):
            yield RateLimitError
        if is_plain:
            return
        yield NotAcceptableError
        if self.method == "GET":
            return
        yield from (BodyTooLargeError, StalledError)
        if self.view.get_authenticators():
            yield CsrfError
        if self.method != "DELETE" and is_serializer(self.get_request_serializer()):
            yield from (MalformedBodyError, UnsupportedBodyError)

    @property
    def _is_for_guests(self) -> bool:
        return self.method in getattr(self.view, "guest_methods", ())

    @property
    def _needed(self) -> str | tuple[str, ...] | None:
        scopes: Scopes = getattr(self.view, "scopes", {})
        return scopes.get(self.method, ())


class PrincipalScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no stubs
    """How `/api/v1/` is entered; `/v1/` takes the same keys, where one is needed."""

    target_class = "accounts.permissions.PrincipalAuthentication"
    name = ["apiKey", "cookieAuth"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        return [{"apiKey": []}, {"cookieAuth": []}]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key."},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no stubs
    target_class = "accounts.permissions.KeyAuthentication"
    name: list[str] = []  # defined by `PrincipalScheme`

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        return [{"apiKey": []}]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return []


class PageScheme(KeyScheme):  # type: ignore[no-untyped-call]  # no stubs
    """The pages' tickets are not for programs."""

    target_class = "accounts.permissions.PageAuthentication"


class UploadScheme(KeyScheme):  # type: ignore[no-untyped-call]  # no stubs
    target_class = "accounts.permissions.UploadAuthentication"
    name = ["apiKeyOrToken"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        return [{"apiKeyOrToken": []}]


class GuestScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no stubs
    target_class = "accounts.permissions.GuestAuthentication"
    name = "apiKeyOrToken"

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        return [{"apiKeyOrToken": []}, {"cookieAuth": []}]

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        described = "An API key, or the token of a guest's own transcript."
        return {"type": "http", "scheme": "bearer", "description": described}


def document_common_answers(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """drf-spectacular's hook: add the shape of an error, the headers and the text formats."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Error"] = {
        "type": "object",
        "required": ["error", "code"],
        "properties": {
            "error": {"type": "string", "description": "A sentence a person can act on."},
            "code": {"type": "string", "description": "Stable, for programs."},
        },
    }
    # What is verbose has all that the other has: it is both.
    schemas["AnyTranscription"] = {"anyOf": schemas["AnyTranscription"]["oneOf"]}
    paths = result["paths"]
    _document_transcribe(paths["/v1/transcribe"]["post"])
    for path, headers in (("/v1/enhance-audio", _ENHANCED_HEADERS), ("/v1/tts", _SPEECH_HEADERS)):
        answers = paths[path]["post"]["responses"]
        answers["200"]["headers"] = _write_headers(headers)
        answers["202"]["headers"] = _write_headers(_CREDIT_HEADERS | _LOCATION)
    return result


@allow_methods("GET", "HEAD")
async def show_openapi(request: HttpRequest) -> HttpResponse:
    """GET /openapi.json"""
    return JsonResponse(await sync_to_async(build_document)())


@lru_cache(maxsize=1)
def build_document() -> dict[str, Any]:
    """Return the document; built once, at the first request (0.3 s)."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # no stubs
    document: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


def _document_transcribe(operation: dict[str, Any]) -> None:
    # Anonymous use is allowed too.
    operation["security"] = [{"apiKey": []}, {}]
    operation["responses"]["200"]["headers"] = _write_headers(_HEADERS)
    operation["responses"]["202"]["headers"] = _write_headers(_HEADERS | _LOCATION)
    content = operation["responses"]["200"]["content"]
    content |= {kind: {"schema": {"type": "string"}} for kind in _TEXT_FORMATS}


def _write_headers(headers: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        name: {"schema": {"type": kind}, "description": description}
        for name, (kind, description) in headers.items()
    }


def _refusal(status: int, codes: _Meanings) -> dict[str, Any]:
    """Return how errors of one status look: which codes there are, and what each means."""
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Error"}
    if status != InternalError.status:  # a job's own fault may have any code
        schema["properties"] = {"code": {"enum": sorted(codes)}}
    return {
        "description": "\n".join(f"- `{code}`: {' '.join(codes[code])}" for code in sorted(codes)),
        "content": {"application/json": {"schema": schema}},
    }
