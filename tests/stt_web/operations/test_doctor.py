"""Each planted fault is found, with its cure; a sound installation has none. Nothing is changed."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from celery import Celery
from django.conf import LazySettings

from stt_web.operations import (
    inference_checks,
    machine_checks,
    outside_checks,
    service_checks,
    wakeup_checks,
    weights_checks,
    worker_checks,
)
from stt_web.operations.findings import Check, Diagnosis, Level, ok, run_checks
from stt_web.operations.known_settings import KNOWN_SETTINGS
from tests.e2e.processes import ROOT, free_port
from tests.redis_server import RedisServer
from transcripts.inference.results import Device
from transcripts.inference.targets import find_addresses
from transcripts.inference.weights import WeightsCheck, WeightsFault


def layers(port: int) -> dict[str, dict[str, object]]:
    return {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [f"redis://127.0.0.1:{port}/0"]},
        }
    }


def worst(findings: Iterable[Diagnosis]) -> Diagnosis:
    return max(findings, key=lambda finding: finding.level)


def test_the_names_of_settings_are_those_of_the_documentation() -> None:
    rows = [
        line.split("|")[1]
        for line in (ROOT / "docs" / "operating.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    names = {word.strip("`,") for row in rows for word in row.split() if "STT_" in word}
    assert names == KNOWN_SETTINGS


def test_a_misspelt_setting_is_found_and_the_right_one_named() -> None:
    found = worst(machine_checks.check_settings({"STT_TRUSTED_PROXYS": "10.0.0.0/8"}))
    assert (found.level, found.cure) == (Level.WARNING, "Write STT_TRUSTED_PROXIES.")


def test_what_the_installation_is_given_is_no_mistake() -> None:
    environ = {"STT_VENV": "/venv", "STT_DOMAIN": "stt.example.com", "STT_TORCH_F5": "true"}
    assert worst(machine_checks.check_settings(environ)).level is not Level.WARNING


@pytest.mark.parametrize(
    ("changes", "level", "word"),
    [
        ({"TRUSTED_PROXIES": []}, Level.WARNING, "STT_TRUSTED_PROXIES"),
        ({"EMAIL_BACKEND": "stt_web.core.console_mail.X"}, Level.FAILURE, "STT_EMAIL_URL"),
        ({"INFERENCE_TARGET": "dns:///gpu:50051"}, Level.FAILURE, "STT_INFERENCE_TOKEN"),
        ({"DEBUG": True}, Level.FAILURE, "STT_DEBUG"),
        ({"CELERY_BROKER_URL": "redis://x"}, Level.WARNING, "STT_CHANNEL_LAYER_URL"),
    ],
)
def test_settings_that_contradict_each_other_are_found(
    settings: LazySettings, changes: dict[str, object], level: Level, word: str
) -> None:
    sound: dict[str, object] = {
        "PUBLIC_URL": "https://stt.example.com",
        "TRUSTED_PROXIES": ["10.0.0.0/8"],
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "INFERENCE_TARGET": "127.0.0.1:50051",
        "INFERENCE_TOKEN": "",
        "DEBUG": False,
        "CELERY_BROKER_URL": "filesystem://",
    }
    for name, value in sound.items():
        setattr(settings, name, value)
    assert worst(machine_checks.check_settings({})).level is Level.OK
    for name, value in changes.items():
        setattr(settings, name, value)
    found = worst(machine_checks.check_settings({}))
    assert found.level is level
    assert word in found.cure


def test_a_secret_that_others_can_read_is_found(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    secret = tmp_path / "secret-key"
    secret.touch(mode=0o600)
    assert worst(machine_checks.check_secrets()).level is Level.OK
    secret.chmod(0o644)
    found = worst(machine_checks.check_secrets())
    assert (found.level, found.cure) == (Level.FAILURE, f"chmod 600 {secret}")


def test_a_full_disk_and_a_missing_folder_are_found(tmp_path: Path) -> None:
    assert worst(machine_checks.check_disk(tmp_path, free_bytes=10**12)).level is Level.OK
    assert worst(machine_checks.check_disk(tmp_path, free_bytes=5 * 10**9)).level is Level.WARNING
    assert worst(machine_checks.check_disk(tmp_path, free_bytes=10**8)).level is Level.FAILURE
    assert worst(machine_checks.check_disk(tmp_path / "a" / "b")).level is Level.FAILURE


def test_little_memory_is_found(tmp_path: Path) -> None:
    for available_kb, level in (
        (8_000_000, Level.OK),
        (900_000, Level.WARNING),
        (9, Level.FAILURE),
    ):
        (tmp_path / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {available_kb} kB\n")
        assert worst(machine_checks.check_memory(tmp_path / "meminfo")).level is level


def test_a_container_has_less_memory_than_its_machine(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemAvailable: 64000000 kB\n")
    (tmp_path / "memory.max").write_text("2147483648\n")
    (tmp_path / "memory.current").write_text("2040109465\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 104857600\n")
    found = worst(machine_checks.check_memory(meminfo, tmp_path))
    assert (found.level, "202 MB" in found.sentence) == (Level.FAILURE, True)

    (tmp_path / "memory.max").write_text("max\n")
    assert worst(machine_checks.check_memory(meminfo, tmp_path)).level is Level.OK


def test_an_old_ffmpeg_is_found_and_the_one_that_is_installed_is_none() -> None:
    assert worst(machine_checks.check_ffmpeg()).level is Level.OK
    assert worst(machine_checks.check_ffmpeg("7.1.4")).level is Level.FAILURE
    assert worst(machine_checks.check_ffmpeg("n8.1.1-3")).level is Level.FAILURE


def test_clocks_that_differ_and_few_connections_are_found(settings: LazySettings) -> None:
    settings.LEASE_S = 20
    levels = [worst(service_checks.judge_clock(skew_s)).level for skew_s in (0.2, 3, 15)]
    assert levels == [Level.OK, Level.WARNING, Level.FAILURE]
    assert worst(service_checks.judge_connections(most=100, used=20)).level is Level.OK
    assert worst(service_checks.judge_connections(most=100, used=95)).level is Level.WARNING


def test_a_workers_clock_that_differs_is_found(settings: LazySettings) -> None:
    settings.LEASE_S = 20

    def judge(*clocks: float) -> Diagnosis:
        answers = [
            {f"worker{n}@host": {"at": at, "sees_file": True}} for n, at in enumerate(clocks)
        ]
        old = {"old@host": {"error": "Unknown command 'observe'"}}
        observed = worker_checks.read_answers([*answers, old], sent_at=1000.0, received_at=1002.0)
        return worst(worker_checks.judge_clocks(observed))

    assert judge(1000.0, 1001.5, 1002.0).level is Level.OK  # within what the answer took
    ahead, behind = judge(1001.0, 1005.0), judge(985.0, 1001.0)
    assert (ahead.level, "worker1@host" in ahead.sentence, "+3.0 s" in ahead.sentence) == (
        Level.WARNING,
        True,
        True,
    )
    assert (behind.level, "-15.0 s" in behind.sentence) == (Level.FAILURE, True)


def test_without_a_broker_there_is_no_finding_about_workers() -> None:
    away = Celery(broker=f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    assert list(worker_checks.check_workers(away)) == []


@pytest.mark.database
@pytest.mark.django_db
def test_a_migrated_database_is_sound() -> None:
    assert worst(service_checks.check_database()).level < Level.FAILURE


def test_a_broker_and_a_mail_server_that_are_away_are_found(settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    found = worst(service_checks.check_mail())
    assert found.level is Level.FAILURE
    assert "STT_EMAIL_URL" in found.cure
    away = Celery(broker=f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    found = worst(service_checks.check_broker(away))
    assert (found.level, "nothing listens there" in found.sentence) == (Level.FAILURE, True)
    assert "STT_BROKER_URL" in found.cure
    assert "hunter2" not in found.sentence


def test_queues_that_no_worker_takes_are_found() -> None:
    found = list(service_checks.check_broker(Celery(broker="memory://")))
    assert {each.level for each in found} == {Level.FAILURE}
    for queue in service_checks.QUEUES:
        assert any(f"queue {queue}:" in each.sentence and each.cure for each in found)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://u:hunter2@127.0.0.1:1/x", "nothing listens there"),
        ("postgresql://u:hunter2@no-such-name.invalid/x", "the name is not known"),
    ],
)
def test_a_database_that_is_not_reached_has_a_reason_without_its_password(
    address: str, reason: str
) -> None:
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect(address, connect_timeout=3)
    assert service_checks.describe(raised.value) == f"OperationalError ({reason})."


def test_an_inference_service_that_is_away_or_unknown_is_found(settings: LazySettings) -> None:
    settings.INFERENCE_TARGET = f"127.0.0.1:{free_port()}"
    found = worst(inference_checks.check_inference())
    assert (found.level, settings.INFERENCE_TARGET in found.sentence) == (Level.FAILURE, True)
    settings.INFERENCE_TARGET = "dns:///no-such-name.invalid:50051"
    assert "name is known" in worst(inference_checks.check_inference()).cure


def test_every_replica_behind_a_target_is_asked() -> None:
    found = find_addresses("dns:///localhost:50051, 127.0.0.2:1")
    assert found == ["127.0.0.1:50051", "127.0.0.2:1"]
    assert machine_checks.is_remote("127.0.0.1:50051,10.0.0.7:50051")
    assert not machine_checks.is_remote("unix:/run/stt.sock")


def test_a_gpu_that_no_one_sees_is_found_unless_the_cpu_is_meant() -> None:
    unseen = Device("cpu", "CPU", 0, "int8", gpu_available=False, setting="auto", driver="550.54")
    found = worst(inference_checks.judge_device("gpu:1", unseen))
    assert found.level is Level.WARNING
    assert "550.54" in found.sentence
    assert "STT_DEVICE=cpu" in found.cure
    for sound in (
        replace(unseen, setting="cpu"),
        replace(unseen, driver=""),
        replace(unseen, kind="cuda", gpu_available=True),
    ):
        assert list(inference_checks.judge_device("gpu:1", sound)) == []


def test_weights_that_are_not_their_publishers_are_found() -> None:
    sound = WeightsCheck((), hashed_bytes=148_000_000, waiting_bytes=0, is_offline=False)
    assert worst(weights_checks.judge_files(sound)).level is Level.OK
    fault = WeightsFault("base", "model.bin", "hash")
    [found] = weights_checks.judge_files(replace(sound, faults=(fault,)))
    assert found.level is Level.FAILURE
    assert "model.bin of the model base" in found.sentence
    assert "catalog pull base" in found.cure
    [late] = weights_checks.judge_files(replace(sound, waiting_bytes=3_000_000_000))
    assert (late.level, "3.0 GB" in late.sentence) == (Level.WARNING, True)


def test_a_hub_that_is_not_reached_is_found_where_nothing_else_is_either() -> None:
    hub, mirror = "https://huggingface.co", "STT_WEIGHTS_URL"
    broken = (hub, f"{hub} does not answer.")
    found = WeightsCheck((), 1, 0, is_offline=False, sources=(broken,))
    assert worst(weights_checks.judge_sources(found)).level is Level.FAILURE
    assert "HTTPS_PROXY" in worst(weights_checks.judge_sources(found)).cure
    found = replace(found, sources=((mirror, ""), broken))
    levels = [finding.level for finding in weights_checks.judge_sources(found)]
    assert levels == [Level.OK, Level.WARNING]
    offline = WeightsCheck((), 1, 0, is_offline=True)
    assert worst(weights_checks.judge_sources(offline)).level is Level.OK


def test_weights_that_no_one_can_check_are_a_finding(settings: LazySettings) -> None:
    settings.INFERENCE_TARGET = f"127.0.0.1:{free_port()}"
    assert worst(weights_checks.check_model_files()).level is Level.WARNING


def test_messages_that_reach_no_process_are_found(settings: LazySettings) -> None:
    assert worst(wakeup_checks.check_wakeups()).level is Level.OK  # none is set: they poll
    with RedisServer() as redis:
        settings.CHANNEL_LAYERS = layers(redis.port)
        found = worst(wakeup_checks.check_wakeups(within_s=0.5))
        assert found.level is Level.WARNING
        assert "STT_CHANNEL_LAYER_URL" in found.cure
    found = worst(wakeup_checks.check_wakeups(within_s=0.5))
    assert (found.level, "Redis" in found.cure) == (Level.FAILURE, True)


class _LyingProxy(BaseHTTPRequestHandler):
    """Answers everything itself: the web process is never reached but by /livez."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/livez", "/metrics") else 404)
        self.end_headers()

    def do_POST(self) -> None:
        self.send_response(413)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # its name
        pass


@pytest.fixture
def lying_proxy() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _LyingProxy)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_proxy_that_holds_things_back_is_found(lying_proxy: str) -> None:
    sentences = [
        finding.sentence
        for finding in outside_checks.check_outside(lying_proxy)
        if finding.level is Level.FAILURE
    ]
    assert len(sentences) == 3
    assert "/metrics is open" in sentences[0]
    assert "upload" in sentences[1]
    assert "WebSockets" in sentences[2]
    away = f"http://127.0.0.1:{free_port()}"
    assert worst(outside_checks.check_outside(away)).level is Level.FAILURE


def test_a_check_that_hangs_or_breaks_is_a_finding_and_holds_up_no_other() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang() -> Iterator[Diagnosis]:
        with socket.create_connection(listener.getsockname()) as silent:
            silent.recv(1)
        yield ok("hang", "never")

    def break_off() -> Iterator[Diagnosis]:
        raise RuntimeError("secret detail")
        yield

    started = time.monotonic()
    checks = [
        Check("hang", hang),
        Check("broken", break_off),
        Check("sound", lambda: [ok("sound", "yes")]),
    ]
    found = {finding.subject: finding for finding in run_checks(checks, within_s=1)}
    listener.close()
    assert time.monotonic() - started < 5
    assert [found[name].level for name in ("hang", "broken", "sound")] == [2, 2, 0]
    assert "secret detail" not in found["broken"].sentence


def test_the_command_prints_json_and_exits_by_the_worst(tmp_path: Path) -> None:
    env = {
        "PATH": "/usr/bin:/bin",
        "STT_DATA_DIR": str(tmp_path),
        "STT_INFERENCE_TARGET": f"127.0.0.1:{free_port()}",
        "STT_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0",
        "STT_NONSENSE": "1",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = json.loads(done.stdout)
    levels: dict[str, set[str]] = {}
    for finding in printed["findings"]:
        levels.setdefault(finding["subject"], set()).add(finding["level"])
    assert (done.returncode, printed["worst"]) == (2, "failure")
    for subject in ("broker", "database", "inference"):
        assert "failure" in levels[subject], printed
    assert "warning" in levels["settings"]
    assert levels["ffmpeg"] == {"ok"}
