"""The command line of every process of the system, in one place.

`make run` and the end-to-end tests start exactly these; `compose.yaml` writes the same out, and a
test starts those.
"""

import sys
from dataclasses import dataclass

# Queues without a worker of their own: whose worker takes them too.
_ALSO_TAKES = {"housekeeping": ("exports",)}


@dataclass(frozen=True)
class ProcessCommand:
    """One process: a name for its log lines, and what to execute."""

    name: str
    argv: tuple[str, ...]
    is_optional: bool = False  # the system starts and works without it


def migrate() -> ProcessCommand:
    """Bring the database up to date; ends by itself."""
    return _python("migrate", "manage.py", "migrate", "--no-input", "--verbosity=1")


def first_models() -> ProcessCommand:
    """Fetch a recogniser, a speaker model, embedders and enhancers where there are none."""
    return _python("models", "-m", "inference_service.catalog", "first")


def inference() -> ProcessCommand:
    return _python("inference", "-m", "inference_service")


def torch_engines(python: str) -> ProcessCommand:
    """The process of the torch engines, by the Python of its own environment."""
    return ProcessCommand(
        "torch", (python, "-m", "inference_service.torch_engines"), is_optional=True
    )


def worker(queue: str, *, slots: int, node: str = "") -> ProcessCommand:
    """A Celery worker of one queue that works on `slots` tasks at once.

    `node` distinguishes two workers of one queue on one machine.
    """
    name = f"worker-{queue}"
    queues = ",".join((queue, *_ALSO_TAKES.get(queue, ())))
    return _python(
        name,
        *("-m", "celery", "--quiet", "-A", "stt_web", "worker"),
        *("--pool=threads", f"--concurrency={slots}", f"--queues={queues}"),
        f"--hostname={node or name}@%h",
        # Gossip and mingle let workers know each other: unused here, and every start would wait.
        *("--without-gossip", "--without-mingle", "--loglevel=INFO"),
    )


def beat() -> ProcessCommand:
    """The clock that starts the sweeper; no pidfile, so that a kill leaves none."""
    return _python(
        "beat",
        *("-m", "celery", "--quiet", "-A", "stt_web", "beat", "--pidfile=", "--loglevel=INFO"),
    )


def web(*, host: str, port: int) -> ProcessCommand:
    """The ASGI server.

    Without uvicorn's access log, whose lines would hold `?token=`, and without its trust in
    `X-Forwarded-For`: whom to believe is STT_TRUSTED_PROXIES' matter alone. It waits longer for
    sockets than a live session takes to be left (`SessionRunner.abandon`).
    """
    return _python(
        "web",
        *("-m", "uvicorn", "stt_web.asgi:application"),
        *("--host", host, "--port", str(port)),
        *("--http", "stt_web.core.asgi.http_protocol:HttpProtocol"),
        *("--ws", "stt_web.core.asgi.socket_protocol:SocketProtocol"),
        *("--no-access-log", "--no-proxy-headers", "--no-server-header"),
        *("--timeout-graceful-shutdown", "10", "--lifespan", "off"),
    )


def _python(name: str, *arguments: str) -> ProcessCommand:
    return ProcessCommand(name=name, argv=(sys.executable, *arguments))
