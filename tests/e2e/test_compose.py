"""Every command that stands in compose.yaml, started against the real services, with its settings.

What a container network gives (names, ports, volumes) is replaced by addresses of this machine;
everything else is used as it stands in the file.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from stt_web.supervisor.commands import ProcessCommand
from tests.e2e.processes import ROOT, System
from tests.services import compose, postgresql_database, rabbitmq_queues, redis_database

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e, pytest.mark.timeout(240)]
TINY = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
SAMPLE = TINY / "samples" / "en_short_1.flac"
DOTENV = {
    "STT_DOMAIN": "stt.example.com",
    "STT_SECRET_KEY": "end-to-end-test-only",
    "STT_INFERENCE_TOKEN": "a-token-of-the-end-to-end-test",
    "POSTGRES_PASSWORD": "unused-here",
    "REDIS_PASSWORD": "unused-here-too",
}
PROCESSES = (
    "inference",
    "inference:2",
    "worker-short",
    "worker-short:2",
    "worker-bulk",
    "worker-texts",
    "worker-housekeeping",
    "worker-webhooks",
    "beat",
    "web",
    "web:2",
)
_VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^${}]*))?\}")


def interpolate(text: str) -> str:
    """Replace ${NAME}, ${NAME:-default} and ${NAME:?message} as Compose does."""

    def value_of(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        assert name in DOTENV or kind == "-", f"compose.yaml uses {name}; .env.example lacks it"
        return DOTENV.get(name) or rest

    while _VARIABLE.search(text):  # a default may name another one: the innermost first
        text = _VARIABLE.sub(value_of, text)
    return text


COMPOSE: dict[str, Any] = yaml.safe_load(interpolate((ROOT / "compose.yaml").read_text()))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


class ComposedSystem(System):
    """The processes of compose.yaml: their commands and environments, on this machine."""

    def __init__(self, folder: Path, *, database_url: str, broker_url: str, redis_url: str) -> None:
        super().__init__(folder, inference_replicas=2)
        self._places = {
            "STT_DATABASE_URL": database_url,
            "STT_BROKER_URL": broker_url,
            "STT_CHANNEL_LAYER_URL": redis_url,
            "STT_INFERENCE_TARGET": self.env["STT_INFERENCE_TARGET"],
            "STT_DATA_DIR": str(folder),
            "STT_MODELS_DIR": str(folder / "models"),
        }
        (folder / "models").mkdir(parents=True)
        (folder / "models" / "tiny").symlink_to(TINY / "model")
        self._outside = {**self.env, "STT_OFFLINE": "1"}
        self.env = self._env_of("web")

    def _command(self, name: str) -> ProcessCommand:
        service, _, replica = name.partition(":")
        argv = SERVICES[service]["command"]
        return ProcessCommand(name, tuple(self._localise(part, name, replica) for part in argv))

    def _localise(self, part: str, name: str, replica: str) -> str:
        replaced = {"python": sys.executable, "0.0.0.0": "127.0.0.1", "8000": str(self.port(name))}  # noqa: S104
        return replaced.get(part, part).replace("@%h", f"{replica}@%h")

    def _env_of(self, name: str) -> dict[str, str]:
        service = name.partition(":")[0]
        of_the_file = SERVICES[service]["environment"]
        places = {key: value for key, value in self._places.items() if key in of_the_file}
        env = {**self._outside, **of_the_file, **places}
        if service == "inference":
            env["STT_INFERENCE_LISTEN"] = f"127.0.0.1:{self.port(name)}"
        if "STT_ALIVE_FILE" in of_the_file:  # each container has a /tmp of its own
            env["STT_ALIVE_FILE"] = str(Path(self._places["STT_DATA_DIR"]) / f"alive-{name}")
        return env

    def is_healthy(self, name: str) -> bool:
        """Ask as the engine does."""
        kind, *argv = SERVICES[name.partition(":")[0]]["healthcheck"]["test"]
        assert kind == "CMD"
        port = f"127.0.0.1:{self.port(name)}"
        argv = [self._localise(part, name, "").replace("127.0.0.1:8000", port) for part in argv]
        asked = subprocess.run(argv, env=self._env_of(name), cwd=ROOT, timeout=30, check=False)
        return asked.returncode == 0


@pytest.fixture(params=["redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "redis":
        with redis_database() as url:
            yield url
    else:
        with rabbitmq_queues("short", "bulk", "housekeeping", "exports", "webhooks") as url:
            yield url


@pytest.fixture
def system(tmp_path: Path, broker_url: str) -> Iterator[ComposedSystem]:
    with (
        postgresql_database() as database_url,
        redis_database() as redis_url,
        ComposedSystem(
            tmp_path, database_url=database_url, broker_url=broker_url, redis_url=redis_url
        ) as composed,
    ):
        composed.start(*PROCESSES)
        yield composed


def transcribe(system: System, web: str, **options: str) -> str:
    with SAMPLE.open("rb") as file:
        answer = requests.post(
            system.url_of(web) + "/v1/transcribe",
            headers=system.headers,
            files={"file": file},
            data=options,
            timeout=100,
        )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"]).lower()


def test_its_commands_transcribe_a_recording_from_end_to_end(system: ComposedSystem) -> None:
    assert "report" in transcribe(system, "web")
    assert [name for name in PROCESSES if not system.is_healthy(name)] == []
    # Without one of two, everything goes on; another option, so that it is recognised again.
    for name in ("inference", "worker-short", "web"):
        system.stop(name)
    assert not system.is_healthy("inference")
    assert not system.is_healthy("web")
    assert "report" in transcribe(system, "web:2", diarize="false")


def test_every_command_of_ours_in_the_file_is_one_that_the_tests_start() -> None:
    ours = {name for name, service in SERVICES.items() if "python" in service.get("command", [])}
    tested = {name.partition(":")[0] for name in PROCESSES}
    # The torch engines' command is what tests/torch_engines starts.
    assert ours == tested | {"migrate", "inference-gpu", "torch"}
    assert SERVICES["inference-gpu"]["command"] == SERVICES["inference"]["command"]
    assert "manage.py" in SERVICES["migrate"]["command"]


def test_compose_itself_accepts_the_file(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text((ROOT / "compose.yaml").read_text())
    for profile in ("cpu", "gpu"):
        lines = [f"{name}={value}" for name, value in DOTENV.items()]
        (tmp_path / ".env").write_text("\n".join([*lines, f"COMPOSE_PROFILES={profile}"]))
        done = subprocess.run(
            [*compose(), "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("f5", ["", "true"])
def test_the_torch_image_is_built_with_f5_where_that_is_asked_for(tmp_path: Path, f5: str) -> None:
    (tmp_path / "compose.yaml").write_text((ROOT / "compose.yaml").read_text())
    lines = [f"{name}={value}" for name, value in DOTENV.items()]
    lines += ["COMPOSE_PROFILES=cpu,torch", f"STT_TORCH_F5={f5}"]
    (tmp_path / ".env").write_text("\n".join(lines))
    done = subprocess.run([*compose(), "config"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["services"]["torch"]["build"]["args"] == {"F5": f5}
    # What the file does with it.
    dockerfile = (ROOT / "docker" / "torch.Dockerfile").read_text()
    _, _, install = dockerfile.replace("\\\n", "").partition("RUN if ")
    command = f"if {install.splitlines()[0]}".replace("pip", "echo")
    installed = subprocess.run(
        ["sh", "-c", command], env={"F5": f5}, capture_output=True, text=True, check=True
    )
    locked = installed.stdout.split()[-1]
    assert locked == f"requirements/inference-torch{'-f5' if f5 else ''}.txt"
    assert (ROOT / locked).is_file()


def test_every_variable_that_the_file_needs_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    assert needed == DOTENV.keys()
    assert all(re.search(f"^{name}=", example, re.MULTILINE) for name in needed)


def test_every_container_gives_up_what_it_does_not_need() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["read_only"] is True, name
        assert service["mem_limit"], name
        assert service["pids_limit"] > 0, name
        assert service.get("networks") or service["network_mode"] == "none", name


def test_only_the_proxy_has_a_port_and_the_database_meets_no_proxy() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["data"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["data"]
    assert SERVICES["proxy"]["networks"] == ["front"]
    assert "data" not in SERVICES["inference"]["networks"]


def test_redis_asks_for_the_password_that_the_others_know() -> None:
    password = DOTENV["REDIS_PASSWORD"]
    assert SERVICES["redis"]["command"][-2:] == ["--requirepass", password]
    assert SERVICES["redis"]["environment"]["REDISCLI_AUTH"] == password
    for name in ("STT_BROKER_URL", "STT_CHANNEL_LAYER_URL"):
        assert f":{password}@" in SERVICES["web"]["environment"][name]


def test_no_secret_of_the_file_has_a_default() -> None:
    written = (ROOT / "compose.yaml").read_text()
    for name in ("STT_SECRET_KEY", "STT_INFERENCE_TOKEN", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:?" in written
        assert f"${{{name}:-" not in written
