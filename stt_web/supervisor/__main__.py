"""`python -m stt_web.supervisor`: start the system in order, restart what dies, stop it in reverse.

Database and models, inference, workers, beat, web; the other way round to stop, so that nothing
asks for what has already stopped. Killed with -9, it takes its processes along (Linux). One at a
time on a data folder.
"""

import argparse
import asyncio
import contextlib
import functools
import os
import shlex
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import django
from django.conf import settings

from stt_web.core.env import BadSettingError, read_env_text, read_int
from stt_web.core.running_system import (
    AlreadyRunningError,
    RunningSystem,
    hold_data_folder,
    publish_running,
)
from stt_web.supervisor import commands, first_steps
from stt_web.supervisor.child import ROOT, ManagedProcess
from stt_web.supervisor.commands import ProcessCommand
from stt_web.supervisor.console import Console

_READY_WITHIN_S = 120.0  # a machine under load; a process that ends is noticed at once
_GRACE_S = 15.0
_WEB_GRACE_S = 13.0
# In the order of their ports from STT_METRICS_LISTEN on.
_SCRAPED = (
    "inference",
    "web",
    "beat",
    "worker-short",
    "worker-bulk",
    "worker-texts",
    "worker-housekeeping",
    "worker-webhooks",
)
DOCS_PATH = "/docs"
SAMPLE = ROOT / "samples" / "hello.flac"


class StartError(Exception):
    """The system can't start; the message states why and what to do."""


@dataclass(frozen=True)
class StartPlan:
    """What to start where, read from the environment once."""

    host: str
    port: int
    data_dir: Path
    inference_listen: str  # empty: STT_INFERENCE_TARGET names a service that runs elsewhere
    slots: dict[str, int]
    metrics_listen: str = ""  # of the first process that is scraped; the others follow
    torch_python: str = ""  # of the torch engines' environment; empty: not installed

    @property
    def address(self) -> str:
        """Where this machine reaches the web server."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  # no bind
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def key_file(self) -> Path:
        return self.data_dir / "api-key"


def read_plan() -> StartPlan:
    """Read the settings, Django's included. Raises BadSettingError."""
    listen = read_env_text("STT_INFERENCE_LISTEN", "")
    if not listen and not read_env_text("STT_INFERENCE_TARGET", ""):
        listen = f"127.0.0.1:{_free_port()}"
    return StartPlan(
        host=settings.HOST,
        port=settings.PORT,
        data_dir=settings.DATA_DIR,
        inference_listen=listen,
        slots={
            "short": read_int("STT_SHORT_SLOTS", 8, at_least=1),
            "bulk": read_int("STT_BULK_SLOTS", 4, at_least=1),
            "texts": read_int("STT_TEXT_SLOTS", 3, at_least=1),
            "housekeeping": 2,
            "webhooks": 2,
        },
        metrics_listen=settings.METRICS_LISTEN,
        torch_python=_find_torch_python() if listen else "",
    )


def find_metrics_address(first: str, name: str) -> str:
    """Return where a process is scraped; empty: not at all. Each has the next port."""
    if not first or name not in _SCRAPED:
        return ""
    host, _, port = first.rpartition(":")
    return f"{host}:{int(port) + _SCRAPED.index(name)}"


class Supervisor:
    """The running system: tiers of children in the order of their start."""

    def __init__(self, plan: StartPlan, *, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._tiers: list[list[ManagedProcess]] = []
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        # The work goes on at the next start, so Ctrl-C needs no long drain: less than the grace.
        self._env.setdefault("STT_INFERENCE_DRAIN_S", "8")
        if sys.stdout.isatty() and first_steps.is_only_here(plan.host):
            self._env.setdefault("STT_CONSOLE_MAIL_LINKS", "true")  # a developer reads along
        if first_steps.is_only_here(plan.host):
            self._env.setdefault("STT_LOCAL_LINKS", "true")
        if plan.inference_listen:
            self._env["STT_INFERENCE_LISTEN"] = plan.inference_listen
            if not read_env_text("STT_INFERENCE_TOKEN", ""):
                token = first_steps.ensure_inference_token(plan.data_dir / "inference-token")
                self._env["STT_INFERENCE_TOKEN"] = token
            if not read_env_text("STT_INFERENCE_TARGET", ""):
                self._env["STT_INFERENCE_TARGET"] = plan.inference_listen

    @property
    def _running(self) -> RunningSystem:
        return RunningSystem(
            inference_target=self._env.get("STT_INFERENCE_TARGET", "").strip(),
            inference_token=self._env.get("STT_INFERENCE_TOKEN", "").strip(),
            inference_ca_file=self._env.get("STT_INFERENCE_CA_FILE", "").strip(),
        )

    async def start(self) -> None:
        """Start everything and print how to use it. Raises StartError."""
        started = time.monotonic()
        plan = self._plan
        publish_running(plan.data_dir, self._running)  # for commands of this folder
        await asyncio.gather(self._migrate(), self._get_first_models())
        if plan.inference_listen:
            services = [commands.inference()]
            if plan.torch_python:  # beside it: nothing waits for what takes half a minute to start
                services.append(commands.torch_engines(plan.torch_python))
            await self._start_tier(*services)
            await self._wait_for("inference", functools.partial(_listens, plan.inference_listen))
        workers = (commands.worker(queue, slots=slots) for queue, slots in plan.slots.items())
        await self._start_tier(*workers)
        await self._start_tier(commands.beat())
        await self._start_tier(commands.web(host=plan.host, port=plan.port))
        key = await asyncio.to_thread(first_steps.ensure_local_key, plan.key_file)
        await asyncio.to_thread(first_steps.ensure_sample)
        await self._wait_for("web", functools.partial(_is_healthy, plan.address))
        models = await asyncio.to_thread(first_steps.describe_models, plan.address)
        login = await asyncio.to_thread(first_steps.describe_login, plan.address, host=plan.host)
        self._print_welcome(key, login=login, models=models, seconds=time.monotonic() - started)

    async def stop(self) -> None:
        for tier in reversed(self._tiers):
            grace_s = _WEB_GRACE_S if tier[0].name == "web" else _GRACE_S
            await asyncio.gather(*(child.stop(grace_s=grace_s) for child in tier))

    async def _migrate(self) -> None:
        migration = self._child(commands.migrate())
        if await migration.run_to_end():
            raise StartError("The database could not be brought up to date; see the lines above.")

    async def _get_first_models(self) -> None:
        """Fetch them where none are; without any source the system starts all the same."""
        if self._plan.inference_listen:
            fetching = self._child(commands.first_models())
            self._tiers.append([fetching])  # so that Ctrl-C ends it
            await fetching.run_to_end()

    async def _start_tier(self, *started: ProcessCommand) -> None:
        tier = [self._child(command) for command in started]
        self._tiers.append(tier)
        for child in tier:
            await child.start()

    def _child(self, command: ProcessCommand) -> ManagedProcess:
        listen = find_metrics_address(self._plan.metrics_listen, command.name)
        env = {**self._env, "STT_METRICS_LISTEN": listen}
        return ManagedProcess(command, env=env, console=self._console)

    async def _wait_for(self, what: str, is_ready: Callable[[], bool]) -> None:
        """Return once it is ready. A process that ends before has a fault to be mended first."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while not await asyncio.to_thread(is_ready):
            children = (child for tier in self._tiers for child in tier)
            ended = [child.name for child in children if child.deaths and not child.is_optional]
            if ended:
                raise StartError(f"{ended[0]} ended while starting; its lines above say why.")
            if time.monotonic() > deadline:
                raise StartError(f"{what} was not ready within {_READY_WITHIN_S:.0f} s.")
            await asyncio.sleep(0.25)

    def _print_welcome(self, key: str, *, login: str, models: str, seconds: float) -> None:
        address = self._plan.address
        curl = ("curl", "-s", f"{address}/v1/transcribe", "-H", f"Authorization: Bearer {key}")
        self._console.print_block(
            f"\nopen-stt runs (ready after {seconds:.1f} s). Ctrl-C stops it.\n\n"
            f"  address   {address}\n"
            f"  API key   {key}   (kept in {self._plan.key_file})\n"
            f"  log in    {login}\n"
            f"  docs      {address}{DOCS_PATH}\n"
            f"  model     {models}\n\n"
            f"{shlex.join([*curl, '-F', f'file=@{SAMPLE}'])}\n"
        )


async def serve(plan: StartPlan, *, console: Console) -> int:
    """Run the system until SIGINT or SIGTERM; returns the exit status."""
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked_to_stop.set)
    supervisor = Supervisor(plan, console=console)
    starting = asyncio.create_task(supervisor.start())
    stopping = asyncio.create_task(asked_to_stop.wait())
    status = 0
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            await stopping
    except StartError as error:
        console.print_block(f"open-stt: {error}")
        status = 1
    finally:
        starting.cancel()
        console.print_block("open-stt stops …")
        await supervisor.stop()
        console.print_block("open-stt has stopped.")
    return status


@contextlib.contextmanager
def _alone_on(data_dir: Path) -> Iterator[None]:
    try:
        with hold_data_folder(data_dir):
            yield
    except AlreadyRunningError:
        raise StartError(
            f"Another open-stt already runs on {data_dir}. Stop it, or give this one a folder "
            "and a port of its own: STT_DATA_DIR=/elsewhere PORT=8001 make run"
        ) from None


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartError(
                f"{host}:{port} can't be used ({error.strerror}). Another port: PORT=8001 make run"
            ) from None


def _find_torch_python() -> str:
    """Return the Python that the torch engines were installed for; empty where they weren't.

    `requirements/install-torch.sh` writes the stamp last.
    """
    folder = Path(read_env_text("STT_TORCH_VENV", str(ROOT / ".venv-torch")))
    python = folder / "bin" / "python"
    return str(python) if (folder / ".installed").is_file() and python.exists() else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _is_healthy(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310  # ours
    except OSError:
        return False
    return True


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m stt_web.supervisor",
        description="Start the whole system on this machine; Ctrl-C stops it.",
        epilog="It takes no options: settings are in the environment (docs/operating.md).",
    ).parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")
    try:
        plan = read_plan()
        with _alone_on(plan.data_dir):
            _check_port(plan.host, plan.port)
            django.setup()
            return asyncio.run(serve(plan, console=Console()))
    except (BadSettingError, StartError) as error:
        print(f"open-stt: {error}", file=sys.stderr)  # noqa: T201  # nothing else is up yet
        return 1


if __name__ == "__main__":
    sys.exit(main())
