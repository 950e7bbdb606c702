"""GET /openapi.json (OpenAPI 3.1) and /docs: what the server does, from the code that does it.

Plain asynchronous views are unknown to drf-spectacular; `documented_as` ties each to a class that
declares its input and output. The errors, the same everywhere, are added here.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.views import APIView

from accounts.permissions import PUBLIC
from stt_web.core.error_responses import allow_methods

V = TypeVar("V", bound=Callable[..., Any])
_ERROR_REF = {"$ref": "#/components/schemas/Error"}
_EVERYWHERE = {405: "Another method is needed.", 500: "A fault of ours; quote the request id."}
_WITH_KEY = {401: "The key is missing, malformed, unknown, expired or revoked."}
_MANAGEMENT = {
    **_WITH_KEY,
    403: "The key is narrowed to other things, or a CSRF check failed.",
    429: "Over the plan's requests a minute; with Retry-After and RateLimit headers.",
}
_BODY = {400: "A field with a value that can't be used.", 415: "Not JSON."}
_ONE_OBJECT = {404: "There is none, or it is somebody else's."}
_TRANSCRIBE = {
    **_WITH_KEY,
    400: "No file, not a recording, or an option with a value that can't be used.",
    402: "Not enough minutes or credits.",
    403: "The key is narrowed to other things.",
    408: "Nothing more of the upload arrived for a minute.",
    409: "Cancelled or deleted while it was waited for, or its Idempotency-Key is in use.",
    413: "Over the account's file size; answered before the body is read.",
    415: "Not multipart/form-data.",
    422: "The Idempotency-Key came with another request before.",
    429: "Too many at once, or a guest's share of the day is used up; with Retry-After.",
    503: "Not installed, still processing, no inference service or no room; see `code`.",
}
_EXPORT = {
    **_MANAGEMENT,
    **_ONE_OBJECT,
    400: "A format or an option that there isn't.",
    409: "Not finished, or cancelled before there was any text.",
}
_ERRORS: dict[tuple[str, str], dict[int, str]] = {
    ("/v1/transcribe", "post"): _TRANSCRIBE,
    ("/v1/models", "get"): {503: "The inference service can't be reached."},
    ("/api/v1/transcripts/", "get"): {
        **_MANAGEMENT,
        400: "A filter with a value that can't be used.",
        404: "There is no such page.",
    },
    ("/api/v1/transcripts/{transcript_id}/", "get"): {**_MANAGEMENT, **_ONE_OBJECT},
    ("/api/v1/transcripts/{transcript_id}/", "delete"): {**_MANAGEMENT, **_ONE_OBJECT},
    ("/api/v1/transcripts/{transcript_id}/cancel/", "post"): {**_MANAGEMENT, **_ONE_OBJECT},
    ("/api/v1/transcripts/{transcript_id}/events/", "get"): {**_MANAGEMENT, **_ONE_OBJECT},
    ("/api/v1/transcripts/{transcript_id}/export/{format_name}/", "get"): _EXPORT,
    ("/api/v1/transcripts/{transcript_id}/export/lint/", "get"): _EXPORT,
    ("/api/v1/transcripts/claim/", "post"): {
        **_MANAGEMENT,
        **_BODY,
        404: "The token is unknown or used up, or its hour is over.",
        409: "Still being worked on.",
    },
    ("/api/v1/transcripts/export/", "post"): {**_MANAGEMENT, **_BODY, **_ONE_OBJECT},
    ("/api/v1/transcripts/import/", "post"): {
        **_MANAGEMENT,
        400: "No file, or one that is neither subtitles nor our JSON.",
        408: "Nothing more of the upload arrived for a minute.",
        413: "Over the account's file size, or over 64 MB.",
        415: "Not multipart/form-data.",
    },
    ("/api/v1/account/", "get"): _MANAGEMENT,
    ("/api/v1/account/", "put"): {**_MANAGEMENT, **_BODY},
    ("/api/v1/usage/", "get"): _MANAGEMENT,
    ("/api/v1/cloud/", "get"): _MANAGEMENT,
    ("/api/v1/billing/plans/", "get"): {429: _MANAGEMENT[429]},
    ("/api/v1/billing/checkout/", "post"): {
        **_MANAGEMENT,
        **_BODY,
        409: "Subscribed to a plan already, or the Idempotency-Key is in use.",
        422: "The Idempotency-Key came with another request before.",
        503: "This server takes no payments, or Stripe can't be reached; see `code`.",
    },
    ("/api/v1/billing/portal/", "post"): {
        **_MANAGEMENT,
        409: "Nothing was ever bought.",
        503: "This server takes no payments, or Stripe can't be reached; see `code`.",
    },
    ("/api/v1/billing/stripe/webhook/", "post"): {
        400: "Not an event that Stripe signed for this server in the last minutes.",
        503: "No payments here, or Stripe can't be reached: deliver it again.",
    },
    ("/api/v1/billing/invoices/", "get"): {**_MANAGEMENT, 404: "There is no such page."},
    ("/api/v1/billing/invoices/{invoice_id}/", "get"): {**_MANAGEMENT, **_ONE_OBJECT},
    ("/api/v1/keys/", "get"): {**_MANAGEMENT, 404: "There is no such page."},
    ("/api/v1/keys/", "post"): {**_MANAGEMENT, **_BODY},
    ("/api/v1/keys/{key_id}/", "delete"): {**_MANAGEMENT, **_ONE_OBJECT},
}
_WEBHOOKS: dict[tuple[str, str], dict[int, str]] = {
    ("", "get"): {404: "There is no such page."},
    ("", "post"): {**_BODY, 409: "There are as many endpoints as one account may have."},
    ("{endpoint_id}/", "get"): _ONE_OBJECT,
    ("{endpoint_id}/", "patch"): {**_BODY, **_ONE_OBJECT},
    ("{endpoint_id}/", "delete"): _ONE_OBJECT,
    ("{endpoint_id}/secret/rotate/", "post"): _ONE_OBJECT,
    ("{endpoint_id}/test/", "post"): {**_ONE_OBJECT, 409: "The endpoint is disabled."},
    ("{endpoint_id}/deliveries/", "get"): {**_ONE_OBJECT, 400: "There is no such status."},
    ("{endpoint_id}/deliveries/{delivery_id}/", "get"): _ONE_OBJECT,
    ("{endpoint_id}/deliveries/{delivery_id}/replay/", "post"): {
        **_ONE_OBJECT,
        409: "The endpoint is disabled.",
    },
}
_ERRORS |= {
    (f"/api/v1/webhooks/{path}", method): {**_MANAGEMENT, **errors}
    for (path, method), errors in _WEBHOOKS.items()
}
_TRANSCRIPT = "/api/v1/transcripts/{transcript_id}/"
_EDIT = {
    **_MANAGEMENT,
    **_BODY,
    **_ONE_OBJECT,
    409: "Still being worked on.",
    412: "Changed since the revision that `If-Match` names.",
}
_ERRORS |= {
    (_TRANSCRIPT + path, method): _EDIT
    for path, method in (
        ("segments/{key}/", "patch"),
        ("segments/{key}/", "delete"),
        ("segments/{key}/split/", "post"),
        ("segments/merge/", "post"),
        ("segments/move-words/", "post"),
        ("speakers/", "post"),
        ("speakers/{number}/", "patch"),
        ("speakers/merge/", "post"),
        ("speakers/assign/", "post"),
        ("revisions/{number}/restore/", "post"),
    )
}
_ERRORS[(f"{_TRANSCRIPT}gaps/{{key}}/", "post")] = {
    **_EDIT,
    409: "Still being worked on; filled meanwhile; or there is no recording to retry from.",
    503: "The inference service can't be reached, or is full; see `code`.",
}
_ERRORS |= {
    (_TRANSCRIPT + path, "get"): {**_MANAGEMENT, **_ONE_OBJECT}
    for path in ("segments/", "speakers/", "revisions/")
}
_ERRORS |= {
    (_TRANSCRIPT, "patch"): {code: _EDIT[code] for code in _EDIT if code != 409},
    (f"{_TRANSCRIPT}revisions/{{number}}/diff/", "get"): {
        **_MANAGEMENT,
        **_ONE_OBJECT,
        400: "`against` is no earlier revision.",
    },
    ("/api/v1/retention/", "get"): _MANAGEMENT,
    ("/api/v1/retention/", "put"): {**_MANAGEMENT, **_BODY},
}
_SHARES = "/api/v1/transcripts/{transcript_id}/shares/"
_ERRORS |= {
    (_SHARES, "get"): {**_MANAGEMENT, **_ONE_OBJECT},
    (_SHARES, "post"): {**_MANAGEMENT, **_BODY, **_ONE_OBJECT, 409: "There are too many links."},
    (f"{_SHARES}{{share_id}}/", "delete"): {**_MANAGEMENT, **_ONE_OBJECT},
    ("/api/v1/transcripts/{transcript_id}/audio/", "get"): {
        **_MANAGEMENT,
        404: "There is none, it is somebody else's, or its recording is not kept any more.",
        416: "The range lies outside the recording.",
    },
}
_TEXT_FORMATS = ("text/plain", "application/x-subrip", "text/vtt")
_HEADERS = {
    "X-Transcript-Id": ("string", "The stored transcript."),
    "X-Transcript-Token": (
        "string",
        "Without a key: opens this transcript for an hour, as a bearer token; `POST"
        " /api/v1/transcripts/claim/` takes it over into an account.",
    ),
    "X-Audio-Duration": ("number", "Seconds."),
    "X-Credits-Charged": (
        "integer",
        "What this transcript cost: started minutes, of the monthly allowance or in credits.",
    ),
    "X-Credits-Left": (
        "integer",
        "Minutes left of this month's allowance and credits of the account, in all.",
    ),
    "X-Model-Used": ("string", "The model that really ran."),
    "X-Gap-Seconds": ("number", "Of speech that is not in the text; 0: all of it is."),
    "X-Warnings": ("integer", "How many `warnings` the transcript has."),
}


class ApiSchema(AutoSchema):
    """One operation, from its view."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return what opens it; also nothing, where the view is open to everyone."""
        opened_by: list[dict[str, list[str]]] = super().get_auth()
        is_public = getattr(self.view, "scopes", {}).get(self.method, ()) is PUBLIC
        return [*opened_by, {}] if is_public else opened_by


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


class GuestScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # no stubs
    target_class = "accounts.permissions.GuestAuthentication"
    name = "apiKeyOrToken"

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        return [{"apiKeyOrToken": []}, {"cookieAuth": []}]

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        described = "An API key, or the token of a guest's own transcript."
        return {"type": "http", "scheme": "bearer", "description": described}


def documented_as(documentation: type[APIView]) -> Callable[[V], V]:
    """Let a plain view be described by an APIView class that never runs."""

    def decorate(view: V) -> V:
        view.cls = documentation  # type: ignore[attr-defined]  # what DRF's own views carry
        view.initkwargs = {}  # type: ignore[attr-defined]
        return view

    return decorate


def document_common_answers(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """drf-spectacular's hook: add the errors, the headers and the text formats."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Error"] = {
        "type": "object",
        "required": ["error", "code"],
        "properties": {
            "error": {"type": "string", "description": "A sentence a person can act on."},
            "code": {"type": "string", "description": "Stable, for programs."},
        },
    }
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            errors = {**_EVERYWHERE, **_ERRORS.get((path, method), {})}
            for status, description in errors.items():
                operation["responses"].setdefault(str(status), _error(description))
    _document_transcribe(result["paths"]["/v1/transcribe"]["post"])
    return result


@allow_methods("GET", "HEAD")
async def show_openapi(request: HttpRequest) -> HttpResponse:
    """GET /openapi.json"""
    return JsonResponse(await sync_to_async(build_document)())


@allow_methods("GET", "HEAD")
async def show_docs(request: HttpRequest) -> HttpResponse:
    """GET /docs — Swagger UI, from files of our own."""
    return await sync_to_async(render)(request, "stt_web/docs.html")


@lru_cache(maxsize=1)
def build_document() -> dict[str, Any]:
    """Return the document; built once, at the first request (0.3 s)."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # no stubs
    document: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


def _document_transcribe(operation: dict[str, Any]) -> None:
    # Anonymous use is allowed too.
    operation["security"] = [{"apiKey": []}, {}]
    headers = {
        name: {"schema": {"type": kind}, "description": description}
        for name, (kind, description) in _HEADERS.items()
    }
    for status in ("200", "202"):
        operation["responses"][status]["headers"] = headers
    operation["responses"]["202"]["headers"] = headers | {
        "Location": {"schema": {"type": "string"}, "description": "Where to look."}
    }
    content = operation["responses"]["200"]["content"]
    content |= {kind: {"schema": {"type": "string"}} for kind in _TEXT_FORMATS}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR_REF}}}
