"""The real services that tests talk to where they answer on localhost.

Each function skips the test (or fails it: `report.require`) where its service is missing, notes
that it was used, and returns an address of the test's own in it.
"""

import os
import shutil
import socket
import subprocess
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
def redis_database(number: int) -> Iterator[str]:
    """Empty one of Redis's 16 databases before and after; yields its address."""
    report.require("redis", is_there=_listens(REDIS_URL))
    url = f"{REDIS_URL}/{number}"
    with redis.Redis.from_url(url) as client:
        report.used("broker", f"Redis {client.info('server')['redis_version']}")
        client.flushdb()
        try:
            yield url
        finally:
            client.flushdb()


@contextmanager
def rabbitmq_queues(*queues: str) -> Iterator[str]:
    """Delete these queues before and after; yields RabbitMQ's address."""
    report.require("rabbitmq", is_there=_listens(RABBITMQ_URL))
    url = f"{RABBITMQ_URL}//"
    with Connection(url) as connection:
        connection.connect()
        version = connection.connection.server_properties["version"]
        report.used("broker", f"RabbitMQ {version}")
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
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    report.used("browser", " ".join(said.split()[:2]))
    return Path(path)


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
