"""The real services that tests talk to where they answer on localhost.

Each function skips the test (or fails it: `report.require`) where its service is missing, notes
that it was used, and returns an address of the test's own in it.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from kombu import Connection
from psycopg import sql

from tests import report

POSTGRESQL_URL = os.environ.get(
    "STT_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
REDIS_URL = os.environ.get("STT_TEST_REDIS", "redis://127.0.0.1:6379")
RABBITMQ_URL = os.environ.get("STT_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672")


@contextmanager
def postgresql_database() -> Iterator[str]:
    """Make an empty database for one test and drop it afterwards; yields its address."""
    report.require("postgresql", is_there=_listens(POSTGRESQL_URL))
    name = f"stt_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as admin:
        version = admin.info.parameter_status("server_version") or "?"
        report.used("database", f"PostgreSQL {version.split()[0]}")
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urllib.parse.urlsplit(POSTGRESQL_URL)._replace(path=f"/{name}").geturl()
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            admin.execute(drop)


@contextmanager
def redis_database() -> Iterator[str]:
    """Take one of Redis's databases that no other test has, empty; yields its address."""
    report.require("redis", is_there=_listens(REDIS_URL))
    with _first_free([f"redis-{number}" for number in range(1, 16)]) as taken:
        url = f"{REDIS_URL}/{taken.removeprefix('redis-')}"
        with redis.Redis.from_url(url) as client:
            report.used("broker", f"Redis {client.info('server')['redis_version']}")
            client.flushdb()
            try:
                yield url
            finally:
                client.flushdb()


@contextmanager
def rabbitmq_queues(*queues: str) -> Iterator[str]:
    """Delete these queues before and after; yields RabbitMQ's address.

    One test at a time: the product's queues have fixed names, so another one waits.
    """
    report.require("rabbitmq", is_there=_listens(RABBITMQ_URL))
    url = f"{RABBITMQ_URL}//"
    with _first_free(["rabbitmq"]), Connection(url) as connection:
        connection.connect()
        report.used("broker", f"RabbitMQ {connection.connection.server_properties['version']}")
        try:
            _delete_queues(connection, queues)
            yield url
        finally:
            _delete_queues(connection, queues)


def chromium() -> Path:
    """Return the path of a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), "")
    report.require("chromium", is_there=bool(path))
    return _used_browser(path)


def firefox() -> Path:
    """Return the path of an ordinary Firefox."""
    path = next((found for name in ("firefox-esr", "firefox") if (found := shutil.which(name))), "")
    report.require("firefox", is_there=bool(path), reason="There is no Firefox here (firefox-esr).")
    return _used_browser(path)


def pulseaudio() -> Path:
    """Return the path of PulseAudio, which gives a machine without sound a device that plays."""
    path = shutil.which("pulseaudio") or ""
    reason = "There is no PulseAudio here (pulseaudio, pulseaudio-utils)."
    report.require("pulseaudio", is_there=bool(path and shutil.which("pactl")), reason=reason)
    return Path(path)


def _used_browser(path: str) -> Path:
    """Note the browser's version; return its path."""
    reported_version = subprocess.run(
        [path, "--version"], capture_output=True, text=True, check=True
    ).stdout.removeprefix("Mozilla ")
    report.used("browser", " ".join(reported_version.split()[:2]))
    return Path(path)


def compose() -> list[str]:
    """Return the command of Docker Compose, the plugin or the older program."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            reported_version = subprocess.run([*command, "version"], capture_output=True, text=True)
            if reported_version.returncode == 0:
                report.used("compose", reported_version.stdout.splitlines()[0].split(",")[0])
                return command
    report.require("compose", is_there=False)
    raise AssertionError("require doesn't return where the thing is missing")


@contextmanager
def _first_free(names: list[str]) -> Iterator[str]:
    """Hold a lock on the first of `names` that no other process holds; waits for the last."""
    for name in names:
        path = Path(tempfile.gettempdir()) / f"stt-test-{name}.lock"
        with path.open("w") as lock:
            try:
                wait = 0 if name == names[-1] else fcntl.LOCK_NB
                fcntl.flock(lock, fcntl.LOCK_EX | wait)
            except BlockingIOError:
                continue
            yield name
            return


def _delete_queues(connection: Connection, queues: tuple[str, ...]) -> None:
    for queue in queues:
        with connection.channel() as channel:
            channel.queue_delete(queue)  # type: ignore[attr-defined]  # kombu's types lack it


def _listens(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port or 0), timeout=3).close()
    except OSError:
        return False
    return True
