"""The product of a drill: its processes, a database and a broker of its own, and the truth.

    with drilled_product(arguments) as product:
        product.start()
        product.truth.check_ledger()

The truth is the database, asked through the product's own models: this process becomes one more
Django of the system. A drill is therefore a process of its own, and has one product.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import services
from tests.e2e.processes import ROOT, System
from tests.redis_server import RedisServer

TINY_MODEL = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
SAMPLES = TINY_MODEL / "samples"
WORKERS = ("worker-short", "worker-bulk", "worker-texts", "worker-housekeeping", "worker-webhooks")
ROLES = ("inference", *WORKERS, "beat", "web")
_START_WITHIN_S = 480.0  # also on a machine that is busy with other things
# What makes an hour's patience minutes; all else is as delivered.
_IMPATIENT = {"STT_LEASE_S": "4", "STT_HEARTBEAT_S": "0.7", "STT_SWEEP_S": "1"}
_SETTINGS = {
    "STT_SHORT_RECORDING_MS": "30000",
    "STT_BATCH_SIZE": "1",
    "STT_WEBHOOK_ALLOW_HTTP": "true",
    "STT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "STT_WEBHOOK_TIMEOUT_S": "4",
}


@dataclass
class Product:
    """`redis`: the broker where it is one of the drill's own, which may then be killed."""

    system: System
    database_url: str
    redis: RedisServer | None

    @property
    def url(self) -> str:
        return self.system.url

    @property
    def is_on_postgresql(self) -> bool:
        return self.database_url.startswith("postgres")

    @property
    def kind(self) -> str:
        return "PostgreSQL, Redis" if self.is_on_postgresql else "SQLite, files"

    def key(self, email: str, *, plan: str = "paid", credits: int = 100_000) -> str:
        """Make an account with credits, and return a key of it."""
        from django.core.management import call_command  # after django.setup()

        printed = io.StringIO()
        call_command(
            "create_api_key", email, f"--plan={plan}", f"--credits={credits}", stdout=printed
        )
        return printed.getvalue().strip()


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with what every drill takes."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--sqlite", action="store_true", help="SQLite and files, whatever answers")
    made.add_argument(
        "--delivered", action="store_true", help="leases of 20 s as delivered, not of 4"
    )
    made.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    made.add_argument("--keep", type=Path, help="a folder for data and logs, kept afterwards")
    return made


@contextlib.contextmanager
def drilled_product(
    arguments: argparse.Namespace,
    *,
    replicas: int = 1,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Product]:
    """Make the product, with nothing started; `settings` join its processes' environment."""
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or Path(tempfile.mkdtemp(prefix="stt-drill-"))
        if arguments.keep is None:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        env = {**_SETTINGS, "STT_MODELS_DIR": str(_models(folder)), **(settings or {})}
        if not arguments.delivered:
            env |= _IMPATIENT
        redis = None
        database_url = ""
        if not arguments.sqlite:
            database_url = stack.enter_context(services.postgresql_database())
            redis = stack.enter_context(RedisServer())
            env |= {
                "STT_DATABASE_URL": database_url,
                "STT_BROKER_URL": redis.url,
                "STT_CHANNEL_LAYER_URL": redis.url.replace("/0", "/1"),
                "STT_CACHE_URL": redis.url.replace("/0", "/2"),
            }
        system = System(
            folder / "data", env=env, inference_replicas=replicas, start_within_s=_START_WITHIN_S
        )
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # nothing is left running
        stack.enter_context(system)
        _become_a_django(system.env)
        yield Product(system, database_url, redis)


def report(found: dict[str, object], broken: list[str]) -> int:
    """Print what was found as the last line, and each broken promise before it; exit status."""
    for each in broken:
        print(f"BROKEN: {each}")
    print(json.dumps({**found, "broken": len(broken), "load_average": os.getloadavg()[0]}))
    return 1 if broken else 0


def _become_a_django(env: Mapping[str, str]) -> None:
    os.environ.update(env)
    import django  # its settings are read when it is set up

    django.setup()


def _models(folder: Path) -> Path:
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    link = models / TINY_MODEL.name
    if not link.exists():
        link.symlink_to(TINY_MODEL / "model")
    return models
