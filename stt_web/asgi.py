"""The ASGI application: `python -m uvicorn stt_web.asgi:application`.

    http       probes → request id and access log → scheme → security headers → CORS → compression
               → thread slots → parts of resumable uploads → ingest → messages of MCP → Django
    websocket  request id and access log → scheme → security headers → Channels' router → a
               consumer (stt_web.routing)

Start uvicorn with `--no-access-log` (the access log is ours, without query strings) and
`--no-proxy-headers` (`accounts.client_address` decides whom to believe); for sockets with
`--ws stt_web.core.asgi.socket_protocol:SocketProtocol`.
"""

import os
from typing import cast

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")
django_application = cast("ASGI3Application", get_asgi_application())

# These import models, so only now.
from billing.admission import (  # noqa: E402
    Caller,
    check_caller,
    identify_caller,
    identify_page_caller,
    identify_part,
    identify_reader,
)
from billing.api.plain_views import scope_of_upload  # noqa: E402
from stt_web.alive import show_life_of_loop  # noqa: E402
from stt_web.core.asgi.compression import CompressionLayer  # noqa: E402
from stt_web.core.asgi.cors import CorsLayer  # noqa: E402
from stt_web.core.asgi.forwarded import ForwardedSchemeLayer  # noqa: E402
from stt_web.core.asgi.messages import (  # noqa: E402
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from stt_web.core.asgi.probe_layer import ProbeLayer  # noqa: E402
from stt_web.core.asgi.protection import ProtectionLayer  # noqa: E402
from stt_web.core.asgi.request_log import RequestIdLayer  # noqa: E402
from stt_web.core.asgi.resumable_layer import ResumableLayer  # noqa: E402
from stt_web.core.asgi.thread_slots import ThreadSlotsLayer  # noqa: E402
from stt_web.core.asgi.upload_layer import UploadLayer  # noqa: E402
from stt_web.core.garbage import collect_regularly, collect_seldom  # noqa: E402
from stt_web.core.metrics import serve_metrics  # noqa: E402
from stt_web.core.tracing import start_tracing  # noqa: E402
from stt_web.core.upload_reader import UploadForm  # noqa: E402
from stt_web.core.wakeups import receive_wakeups  # noqa: E402
from stt_web.readiness import Readiness  # noqa: E402
from stt_web.routing import socket_router  # noqa: E402
from transcripts.dialects.mcp.layer import McpLayer  # noqa: E402
from transcripts.dialects.whisper_asr.api import DETECTION_MS  # noqa: E402
from transcripts.media import warm_up  # noqa: E402
from transcripts.retention.local_copies import start_sweeping  # noqa: E402
from transcripts.uploads.receive import begin_part  # noqa: E402

# A voice is a few seconds of sound, if it comes at all.
_REFERENCE = UploadForm("reference", is_file_required=False, most_bytes=20_000_000)
_PCM_BYTES_A_MS = 32
_FORMS = {
    "/v1/tts": _REFERENCE,
    "/v1/transcribe": UploadForm(takes_url=True),
    "/v1/listen": UploadForm(is_raw=True, takes_url=True),
    "/v2/upload": UploadForm(is_raw=True),
    "/asr": UploadForm("audio_file", pcm_parameter="encode"),
    "/detect-language": UploadForm(
        "audio_file", pcm_parameter="encode", pcm_bytes=DETECTION_MS * _PCM_BYTES_A_MS
    ),
}
UPLOAD_PATHS = (
    "/v1/transcribe",
    "/v1/enhance-audio",
    "/v1/tts",
    "/api/v1/transcripts/import/",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
    "/v1/listen",
    "/v2/upload",
    "/asr",
    "/detect-language",
)
PAGE_UPLOAD_PATH = "/upload/"
RESUMABLE_PREFIX = "/v1/uploads/"

serve_metrics()
start_tracing("stt-web")
# Uploads are probed in child processes; the first would wait for a second for its parent.
warm_up()
start_sweeping()


def identify_uploader(scope: HTTPScope) -> Caller:
    if scope["path"] == PAGE_UPLOAD_PATH:
        return identify_page_caller(scope)
    return identify_caller(scope, needed_scope=scope_of_upload(scope["path"]))


def identify_part_sender(scope: HTTPScope) -> Caller:
    return identify_part(scope, needed_scope="transcribe")


async def call_rest(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer what a tool of MCP asks, as a request from outside, from the ingest on."""
    await _ingest(scope, receive, send)


_ingest = UploadLayer(
    McpLayer(django_application, rest=call_rest, identify=identify_reader),
    media_root=settings.MEDIA_ROOT,
    upload_paths=(*UPLOAD_PATHS, PAGE_UPLOAD_PATH),
    identify=identify_uploader,
    recheck=check_caller,
    forms=_FORMS,
)
_inner = ThreadSlotsLayer(
    ResumableLayer(
        _ingest, prefix=RESUMABLE_PREFIX, identify=identify_part_sender, begin=begin_part
    ),
    slots=settings.WEB_THREADS,
)
_router = ProtocolTypeRouter(
    {
        "http": ProbeLayer(
            RequestIdLayer(
                ForwardedSchemeLayer(ProtectionLayer(CorsLayer(CompressionLayer(_inner))))
            ),
            find_problems=Readiness().find_problems,
        ),
        "websocket": RequestIdLayer(ForwardedSchemeLayer(ProtectionLayer(socket_router))),
    }
)
if settings.COLLECT_SELDOM:
    collect_seldom()


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    show_life_of_loop()
    if settings.COLLECT_SELDOM:
        collect_regularly()
    receive_wakeups()  # here: not every server announces its lifespan
    await _router(scope, receive, send)
