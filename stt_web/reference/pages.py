"""GET /docs and /asyncapi.yaml."""

from functools import lru_cache
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from stt_web.core.error_responses import allow_methods
from stt_web.core.public_address import absolute_url
from stt_web.openapi import build_document
from stt_web.reference.live import FILE, list_messages
from stt_web.reference.operations import KEY, group_operations
from stt_web.reference.samples import write_live_sample, write_samples
from transcripts.pages.script_texts import COMMON, Plural, render_texts

_TEXTS: dict[str, Any] = {
    **COMMON,
    "copy": _("Copy"),
    "copied": _("Copied"),
    "not_copied": _("This browser doesn't allow copying here. Select the text and copy it."),
    "key_name": _("Quick start"),
    "languages": _("Programming language"),
    "try_it": _("Try it"),
    "key_needed": _("Enter your API key at the top of this page first, or log in."),
    "found": Plural(ngettext_lazy("{count} operation", "{count} operations")),
}


@allow_methods("GET", "HEAD")
async def show_docs(request: HttpRequest) -> HttpResponse:
    """GET /docs — quick start, live in 20 lines, and every operation."""
    return await sync_to_async(_render)(request)


@allow_methods("GET", "HEAD")
async def show_asyncapi(request: HttpRequest) -> HttpResponse:
    """GET /asyncapi.yaml"""
    return HttpResponse(FILE.read_bytes(), content_type="application/yaml")


def _render(request: HttpRequest) -> HttpResponse:
    base_url = absolute_url(request, "/").rstrip("/")
    context = _read(base_url)
    shown = {
        **context,
        "reference": _render_reference(base_url, get_language() or ""),
        "texts": render_texts(_TEXTS),
    }
    return render(request, "stt_web/reference/docs.html", shown)


@lru_cache(maxsize=16)
def _render_reference(base_url: str, language: str) -> SafeString:
    """Return the HTML of all operations, in the language now active: 0.3 s, once."""
    return render_to_string("stt_web/reference/reference.html", _read(base_url))


@lru_cache(maxsize=8)
def _read(base_url: str) -> dict[str, Any]:
    """Return what the page shows; 40 ms, once for each address that readers come by."""
    groups, common = group_operations(build_document(), base_url=base_url)
    messages = list_messages()
    return {
        "base_url": base_url,
        "key": KEY,
        "samples": write_samples(base_url),
        "live_sample": write_live_sample(base_url),
        "groups": groups,
        "common": common,
        "sent": [message for message in messages if message.is_sent_by_client],
        "received": [message for message in messages if not message.is_sent_by_client],
    }
