"""A broker that takes connections and answers nothing holds up no request for long."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.processes import ROOT
from tests.services import rabbitmq_queues, redis_database
from tests.tcp_proxy import TcpProxy

SEND = """
import sys, time
import django
django.setup()
from stt_web.core.broker import send_now
print(send_now("a.task", queue=sys.argv[1]), flush=True)
sys.stdin.readline()
for _ in range(2):
    began = time.monotonic()
    send_now("a.task", queue=sys.argv[1])
    print(time.monotonic() - began, flush=True)
"""


def send_through(url: str, folder: Path, *, queue: str) -> list[float]:
    """Send one message, then two while the broker is stuck; return what these took, in seconds."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    with TcpProxy(parts.hostname, parts.port) as proxy:
        login = parts.netloc.rpartition("@")[0]
        address = f"{login}@127.0.0.1:{proxy.port}" if login else f"127.0.0.1:{proxy.port}"
        sender = subprocess.Popen(
            [sys.executable, "-c", SEND, queue],
            cwd=ROOT,
            env={
                "PATH": "/usr/bin:/bin",
                "DJANGO_SETTINGS_MODULE": "stt_web.settings",
                "STT_BROKER_URL": parts._replace(netloc=address).geturl(),
                "STT_DATA_DIR": str(folder),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with sender:
            assert sender.stdin is not None
            assert sender.stdout is not None
            assert sender.stdout.readline() == "True\n"
            proxy.is_stuck = True
            sender.stdin.write("\n")
            sender.stdin.flush()
            took_s = [float(sender.stdout.readline()) for _ in range(2)]
    return took_s


@pytest.mark.e2e
@pytest.mark.timeout(90)
def test_a_frozen_redis(tmp_path: Path) -> None:
    with redis_database() as url:
        assert max(send_through(url, tmp_path, queue="short")) < 15


@pytest.mark.e2e
@pytest.mark.timeout(90)
def test_a_frozen_rabbitmq(tmp_path: Path) -> None:
    with rabbitmq_queues("stt_test_frozen") as url:
        assert max(send_through(url, tmp_path, queue="stt_test_frozen")) < 15
