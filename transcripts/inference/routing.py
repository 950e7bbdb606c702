"""Which inference server works for whom.

`inference_for(owner)` is the one door: an account with Private Cloud (`billing.cloud`) gets its own
instances and no others, also when they are down; other users get the shared servers. It
reads the database; what it returns does not (but for `Route.check`), and may be used in any thread.
"""

import itertools
import logging
import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from django.conf import settings

from accounts.models import User
from billing import cloud
from billing.models import CloudInstance, InstanceStatus
from stt_web.core.encryption import UndecipherableError
from transcripts.inference.catalog import (
    REMEMBERED_S,
    STALE_S,
    InferenceUnavailableError,
    ModelDirectory,
    merge_models,
    resolve_among,
)
from transcripts.inference.catalog_memory import CatalogMemory
from transcripts.inference.client import fetch_info
from transcripts.inference.errors import UnavailableError
from transcripts.inference.results import Model, ServerModels
from transcripts.inference.server_cache import ServerCache
from transcripts.inference.servers import Server, shared_server

logger = logging.getLogger(__name__)

_catalogs: ServerCache[ModelDirectory] = ServerCache()
_turns = itertools.count(random.randrange(1000))  # noqa: S311  # spreads load, hides nothing
# Several instances are asked at once: one that is down takes its whole deadline.
_askers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="ask-instance")


class NoInstanceError(InferenceUnavailableError):
    message_text = (
        "None of your Private Cloud instances can be reached at the moment. Your recordings and"
        " texts are sent nowhere else. Try again shortly."
    )


@dataclass
class Route:
    """The server that a call goes to; `check` raises where it no longer may."""

    server: Server
    _checked_at: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise UnavailableError once the instance is removed. A query each `HEARTBEAT_S`."""
        is_fresh = time.monotonic() - self._checked_at < settings.HEARTBEAT_S
        if not self.server.instance_id or is_fresh:
            return
        self._checked_at = time.monotonic()
        instances = CloudInstance.objects.filter(pk=self.server.instance_id)
        if not instances.exclude(status=InstanceStatus.REMOVED).exists():
            raise UnavailableError("The instance that worked on this was removed.")


class Inference(Protocol):
    """The servers that work for one owner."""

    def list_models(self, *, stale_s: float = STALE_S) -> ServerModels:
        """Return what they have. Raises InferenceUnavailableError. Blocks ≤ 2 s.

        `stale_s`: how old an answer may be while they are away, where they are shared.
        """

    def resolve_model(self, name: str, *, stale_s: float = STALE_S) -> Model:
        """Return what runs for `name` (`catalog.resolve_among`). Blocks ≤ 2 s."""

    def pick(self, *, model: str | None = None, is_begun: bool = False) -> Route:
        """Return where the next call goes. Raises UnavailableError.

        `model`: what it must have (empty: a default, None: nothing). `is_begun`: the work was
        begun, and `model` is pinned. Blocks ≤ 2 s.
        """


class SharedInference:
    """The servers of `STT_INFERENCE_TARGET`, between which gRPC balances."""

    def list_models(self, *, stale_s: float = STALE_S) -> ServerModels:
        return catalog_of(shared_server()).list_models(stale_s=stale_s)

    def resolve_model(self, name: str, *, stale_s: float = STALE_S) -> Model:
        return resolve_among(self.list_models(stale_s=stale_s), name)

    def pick(self, *, model: str | None = None, is_begun: bool = False) -> Route:
        return Route(shared_server())


@dataclass(frozen=True)
class OwnInference:
    """The instances of one account, as they were when it was asked: used in turn."""

    active: tuple[Server, ...]
    draining: tuple[Server, ...]

    def list_models(self, *, stale_s: float = STALE_S) -> ServerModels:
        known = [models for models in probe(self.active).values() if models is not None]
        if not known:
            raise NoInstanceError
        return merge_models(known)

    def resolve_model(self, name: str, *, stale_s: float = STALE_S) -> Model:
        return resolve_among(self.list_models(), name)

    def pick(self, *, model: str | None = None, is_begun: bool = False) -> Route:
        """A draining instance takes what was begun, where no active one can."""
        for servers in (self.active, self.draining if is_begun else ()):
            route = _pick_among(servers, model=model, is_begun=is_begun)
            if route is not None:
                return route
        raise UnavailableError("None of the account's own instances can take this now.")


def inference_for(owner: User | None) -> Inference:
    """Return the servers that work for `owner`; None: a guest. One query, two where private."""
    if owner is None or not cloud.is_private(owner):
        return SharedInference()
    instances = cloud.list_instances(owner)
    return OwnInference(
        active=tuple(_servers_of(instances, InstanceStatus.ACTIVE)),
        draining=tuple(_servers_of(instances, InstanceStatus.DRAINING)),
    )


def server_of(instance: CloudInstance) -> Server:
    """Return how the instance is reached. Raises UndecipherableError."""
    return Server(
        target=instance.target,
        is_tls=instance.is_tls,
        ca_pem=instance.ca_pem.encode(),
        token=cloud.read_token(instance),
        instance_id=str(instance.pk),
    )


def catalog_of(server: Server) -> ModelDirectory:
    """Return what this process remembers of what the server has."""
    return _catalogs.get(server, partial(_make_directory, server))


def _make_directory(server: Server) -> ModelDirectory:
    memory = None if server.instance_id else CatalogMemory(REMEMBERED_S)
    return ModelDirectory(partial(fetch_info, server), memory=memory)


def probe(servers: Iterable[Server]) -> dict[Server, ServerModels | None]:
    """Return what each has, or None where it doesn't answer; all are asked at once. ≤ 2 s."""
    asked = {server: _askers.submit(_read_fresh, server) for server in servers}
    return {server: answer.result() for server, answer in asked.items()}


def _read_fresh(server: Server) -> ServerModels | None:
    try:
        known = catalog_of(server).list_models()
    except InferenceUnavailableError:
        return None
    return None if known.is_stale or known.is_draining else known


def _servers_of(instances: Iterable[CloudInstance], status: str) -> Iterable[Server]:
    for instance in instances:
        if instance.status == status:
            try:
                yield server_of(instance)
            except UndecipherableError:
                logger.exception("event=instance_token_lost instance_id=%s", instance.pk)


def _pick_among(servers: tuple[Server, ...], *, model: str | None, is_begun: bool) -> Route | None:
    answers = probe(servers)
    up = {server: known for server, known in answers.items() if known is not None}
    able = [server for server, known in up.items() if model is None or known.serves(model)]
    if not able and not is_begun and len(up) == len(servers):
        # no server has it, and all have answered: the server's refusal is the answer
        able = list(up)
    return Route(able[next(_turns) % len(able)]) if able else None
