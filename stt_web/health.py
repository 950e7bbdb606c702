"""GET /health — is this server able to do its work? For people, load balancers and SDKs.

It checks the background work of this process (`core.background`), and at the database and the
inference service, each with a deadline of its own and in
threads of its own, so that it answers quickly however busy the server is. The result is cached
for a second: asking often costs nothing. (Whether the process is alive is `/livez`.)
"""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from accounts.permissions import open_to_everyone
from stt_web.core.background import down_loops, failures, spawn
from stt_web.core.documentation import documented
from stt_web.core.error_responses import allow_methods
from transcripts.inference.client import fetch_info
from transcripts.inference.errors import InferenceError
from transcripts.inference.results import Device, ServerModels
from transcripts.inference.servers import shared_server
from transcripts.serializers import HealthSerializer

logger = logging.getLogger(__name__)

_DEADLINE_S = 2.5
_CACHED_S = 1.0


@dataclass(frozen=True)
class Health:
    """`has_model` is false where inference is up and no recogniser is installed yet."""

    is_database_up: bool
    device: Device | None  # None: inference is down
    has_model: bool = True
    torch: str = "not_installed"  # the process of the torch engines: or "ok", "down"
    down_loops: tuple[str, ...] = ()  # background work of this process that doesn't come through

    @property
    def is_ok(self) -> bool:
        return self.is_database_up and self.device is not None and not self.down_loops

    def as_body(self) -> dict[str, object]:
        device = self.device
        has_gpu = device is not None and device.gpu_available
        return {
            "status": "ok" if self.is_ok else "degraded",
            "gpu_available": has_gpu,
            "gpu_name": device.name if device is not None and has_gpu else None,
            "gpu_memory_mb": device.memory_bytes // 2**20 if device is not None and has_gpu else 0,
            **({"gpu_failure": device.gpu_failure} if device and device.gpu_failure else {}),
            "database": "ok" if self.is_database_up else "down",
            "inference": "ok" if device is not None else "down",
            "recognition": self._recognition,
            "torch_engines": self.torch,
            "background": "down" if self.down_loops else "ok",
            **({"background_down": list(self.down_loops)} if self.down_loops else {}),
            "background_failures": dict(failures()),
        }

    @property
    def _recognition(self) -> str:
        if self.device is None:
            return "down"
        return "ok" if self.has_model else "not_installed"


class HealthProbe:
    """Probes, and caches the result; concurrent requests share one probe."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")
        self._known: Health | None = None
        self._probed_at = 0.0
        self._probing: asyncio.Task[Health] | None = None

    async def read(self) -> Health:
        if self._known is not None and time.monotonic() - self._probed_at < _CACHED_S:
            return self._known
        if self._probing is None or self._probing.done():
            self._probing = spawn(self._probe_all(), name="health")
        return await asyncio.shield(self._probing)

    async def _probe_all(self) -> Health:
        loop = asyncio.get_running_loop()
        database = loop.run_in_executor(self._threads, is_database_up)
        inference = loop.run_in_executor(self._threads, find_server)
        probes: set[asyncio.Future[Any]] = {database, inference}
        await asyncio.wait(probes, timeout=_DEADLINE_S)
        server = inference.result() if inference.done() else None
        self._known = Health(
            is_database_up=database.result() if database.done() else False,
            device=server.device if server else None,
            has_model=bool(server and server.default_model),
            torch=server.torch_state if server else "down",
            down_loops=tuple(down_loops()),
        )
        self._probed_at = time.monotonic()
        return self._known


def is_database_up() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except AnyDatabaseError:
        logger.warning("event=health_database_down", exc_info=True)
        return False
    finally:
        connection.close()  # a persistent one would report the database's former state
    return True


def find_server() -> ServerModels | None:
    try:
        return fetch_info(shared_server())
    except InferenceError as error:
        logger.warning("event=health_inference_down code=%s", error.code)
        return None


_probe = HealthProbe()


@documented(operation_id="health", responses={200: HealthSerializer, 503: HealthSerializer})
@open_to_everyone
@allow_methods("GET", "HEAD")
async def show_health(request: HttpRequest) -> HttpResponseBase:
    """Report whether the server works; 503 `degraded` where a part is down."""
    health = await _probe.read()
    return JsonResponse(health.as_body(), status=200 if health.is_ok else 503)
