"""The product's real processes, one by one, for tests that kill them.

    with System(tmp_path, env={"STT_BROKER_URL": "redis://127.0.0.1:6379/9"}) as system:
        system.start("inference", "worker-short", "beat", "web")    # waits until each is ready
        answer = requests.post(system.url + "/v1/transcribe", headers=system.headers, ...)
        system.kill("worker-short")              # -9, then
        system.start("worker-short")             # a new one
        system.freeze("web"); system.thaw("web") # SIGSTOP, SIGCONT
        system.stop("web")                       # SIGTERM, and waits

Roles are `inference`, `worker-short`, `worker-bulk`, `worker-texts`, `worker-housekeeping`,
`worker-webhooks`, `beat`, `web`. Two of a role are `web` and `web:2`. The commands are the
product's own (`stt_web.supervisor.commands`).
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stt_web.supervisor import commands

ROOT = Path(__file__).resolve().parent.parent.parent
SLOTS = {"short": 8, "bulk": 4, "texts": 3, "housekeeping": 2, "webhooks": 1}
START_DEADLINE_S = 60.0
# With these, tables and secrets are not as in another system's folder.
_OWN_DATA = frozenset({"STT_DATABASE_URL", "STT_SECRET_KEY", "STT_ENCRYPTION_KEYS"})


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, what: str, within_s: float = 30.0) -> None:
    """Return once `condition()` holds; raise AssertionError naming `what` if it doesn't."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within_s:.0f} s: {what}")
        time.sleep(0.05)


def accepts_connections(port: int, *, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


@functools.cache
def _made_folder() -> tuple[Path, dict[str, str]]:
    """Return a data folder with its tables and an API key, and the header that has the key: made
    once for all tests of a run, because it takes as long as many of them."""
    folder = Path(tempfile.mkdtemp(prefix="stt-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, System(folder)._make()


def _copy_made_folder(folder: Path) -> dict[str, str]:
    made, headers = _made_folder()
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return dict(headers)


class System:
    """The system's processes over one data folder, each on free ports, with a log file each.

    `inference_replicas` is how many inference addresses the others balance over; with
    `is_scraped` each process serves its metrics (`scrape`). Leaving the `with` block kills what
    still runs.
    """

    def __init__(
        self,
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        inference_replicas: int = 1,
        start_within_s: float = START_DEADLINE_S,
        is_scraped: bool = False,
    ) -> None:
        self.folder = folder
        self._start_within_s = start_within_s
        self._is_scraped = is_scraped
        self._ports: dict[str, int] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log_starts: dict[str, int] = {}
        names = ["inference", *(f"inference:{n}" for n in range(2, inference_replicas + 1))]
        targets = [f"127.0.0.1:{self.port(name)}" for name in names]
        self.env = {
            **os.environ,
            "STT_DATA_DIR": str(folder),
            "STT_DATABASE_URL": "",  # not the test run's own: SQLite in this folder
            "STT_OFFLINE": "1",
            "STT_INFERENCE_TARGET": ",".join(targets),
            "STT_SECRET_KEY": "end-to-end-test-only",
            "DJANGO_SETTINGS_MODULE": "stt_web.settings",  # not the test run's
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        self.headers: dict[str, str] = {}
        # Settings of one process alone, by its name.
        self.own_env: dict[str, dict[str, str]] = {}
        self._is_like_others = _OWN_DATA.isdisjoint(env or {})

    def __enter__(self) -> Self:
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        if self._is_like_others and not any(folder.iterdir()):
            self.headers = _copy_made_folder(folder)
        else:
            self.headers = self._make()
        return self

    def _make(self) -> dict[str, str]:
        """Make the tables and an API key; return the header that has it."""
        self.run(*commands.migrate().argv)
        return {"Authorization": f"Bearer {self.create_api_key()}"}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.describe_logs(), file=sys.stderr)  # noqa: T201  # pytest shows it
        for name in list(self._processes):
            self.kill(name)

    def port(self, name: str) -> int:
        """Return the port that `web`, `web:2`, `inference` … listens on."""
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]

    def scrape(self, name: str) -> str:
        """Return what Prometheus would get of this process."""
        url = f"http://127.0.0.1:{self.port(f'{name} metrics')}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:  # ours
            return str(answer.read(), "utf-8")

    @property
    def url(self) -> str:
        return self.url_of("web")

    def url_of(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port(name)}"

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def run(self, *argv: str) -> str:
        """Run a command of the product to its end and return its standard output."""
        done = subprocess.run(argv, cwd=ROOT, env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr[-2000:]}"
        return done.stdout

    def create_api_key(self, email: str = "e2e@example.com", *, plan: str = "local") -> str:
        command = ("manage.py", "create_api_key", email, "--plan", plan)
        return self.run(sys.executable, *command).strip()

    def start(self, *names: str) -> None:
        """Start the processes at once and wait until every one is ready, and a web process among
        them has reached an inference service among them."""
        for name in names:
            self._spawn(name)
        for name in names:
            wait_until(
                lambda name=name: self._is_ready(name),  # type: ignore[misc]  # bound at once
                what=f"{name} is ready:\n{self.log(name)[-3000:]}",
                within_s=self._start_within_s,
            )

        if any(name.startswith("inference") for name in names):
            for web in (name for name in names if name.startswith("web")):
                wait_until(
                    lambda web=web: _answers_200(f"{self.url_of(web)}/v1/models"),  # type: ignore[misc]
                    what=f"{web} reached the inference service",
                    within_s=self._start_within_s,
                )

    def is_running(self, name: str) -> bool:
        return self._processes[name].poll() is None

    def kill(self, name: str) -> None:
        """End it with SIGKILL, as a crash or the memory killer would; with its own children."""
        process = self._processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str, *, within_s: float = 30.0) -> int:
        """End it with SIGTERM; returns its exit status."""
        process = self._processes[name]
        process.terminate()
        status = process.wait(timeout=within_s)
        self.kill(name)
        return status

    def freeze(self, name: str) -> None:
        os.killpg(self.pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.killpg(self.pid(name), signal.SIGCONT)

    def log(self, name: str) -> str:
        """Return what every process of that name has printed so far."""
        path = self._log_path(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def describe_logs(self) -> str:
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {path.name}\n{path.read_text()[-4000:]}" for path in logs)

    def _log_path(self, name: str) -> Path:
        return self.folder / f"{name.replace(':', '-')}.log"

    def _spawn(self, name: str) -> None:
        assert name not in self._processes, f"{name} runs already; kill or stop it first."
        with self._log_path(name).open("ab") as log:
            self._log_starts[name] = log.tell()
            self._processes[name] = subprocess.Popen(
                self._command(name).argv,
                cwd=ROOT,
                env=self._env_of(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its children die with it: see kill
            )

    def _command(self, name: str) -> commands.ProcessCommand:
        role = name.partition(":")[0]
        if role == "web":
            return commands.web(host="127.0.0.1", port=self.port(name))
        if role == "inference":
            return commands.inference()
        if role == "beat":
            return commands.beat()
        queue = role.removeprefix("worker-")
        return commands.worker(queue, slots=SLOTS[queue], node=name.replace(":", "-"))

    def _env_of(self, name: str) -> dict[str, str]:
        env = dict(self.env)
        if name.startswith("inference"):
            env["STT_INFERENCE_LISTEN"] = f"127.0.0.1:{self.port(name)}"
        if self._is_scraped:
            env["STT_METRICS_LISTEN"] = f"127.0.0.1:{self.port(f'{name} metrics')}"
        return {**env, **self.own_env.get(name, {})}

    def _is_ready(self, name: str) -> bool:
        role = name.partition(":")[0]
        assert self.is_running(name), f"{name} ended:\n{self.log(name)[-3000:]}"
        if role == "web":
            return _answers(self.url_of(name) + "/v1/formats")
        if role == "inference":
            host, _, port = self._env_of(name)["STT_INFERENCE_LISTEN"].rpartition(":")
            return accepts_connections(int(port), host=host)
        if role == "beat":
            return True  # no test waits for the clock
        return b" ready." in self._log_path(name).read_bytes()[self._log_starts[name] :]


def _answers_200(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # our own http:// address
            return True
    except OSError:
        return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # our own http:// address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
