"""Whether a web process may be sent requests: databases that are away, not migrated, ready."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from stt_web.readiness import NO_DATABASE, NOT_MIGRATED
from tests.e2e.processes import ROOT, System, wait_until
from tests.services import postgresql_database
from tests.tcp_proxy import TcpProxy

ASK = (
    "import asyncio, django; django.setup();"
    "from stt_web.readiness import Readiness; r = Readiness();"
    "print(*asyncio.run(r.find_problems()), sep='|')"
)


def ask(database_url: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        "STT_DATABASE_URL": database_url,
        "STT_DATA_DIR": str(folder),
        "STT_SECRET_KEY": "of-a-test",
    }
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return asked.stdout.strip()


@pytest.mark.e2e
def test_a_database_that_is_away_is_named_within_the_deadline(tmp_path: Path) -> None:
    assert ask("postgresql://nobody@127.0.0.1:1/none", tmp_path) == NO_DATABASE


@pytest.mark.e2e
def test_a_database_without_the_tables_is_not_ready_and_a_migrated_one_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    assert ask(url, tmp_path) == NOT_MIGRATED
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        "STT_DATABASE_URL": url,
        "STT_DATA_DIR": str(tmp_path),
        "STT_SECRET_KEY": "of-a-test",
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=ROOT, env=environment, timeout=120, check=True,
    )  # fmt: skip
    assert ask(url, tmp_path) == ""


def get_status(url: str) -> int:
    return requests.get(url, timeout=10).status_code


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_a_database_that_takes_connections_and_does_not_answer_is_away(tmp_path: Path) -> None:
    with postgresql_database() as url:
        parts = urlsplit(url)
        with TcpProxy(parts.hostname or "127.0.0.1", parts.port or 5432) as proxy:
            through = parts._replace(
                netloc=f"{parts.username}:{parts.password or ''}@127.0.0.1:{proxy.port}"
            ).geturl()
            with System(tmp_path / "data", env={"STT_DATABASE_URL": through}) as system:
                system.start("web")
                assert get_status(f"{system.url}/readyz") == 200
                proxy.is_stuck = True
                time.sleep(1.1)  # it is asked at most once a second
                began = time.monotonic()
                assert get_status(f"{system.url}/readyz") == 503
                assert get_status(f"{system.url}/livez") == 200
                assert time.monotonic() - began < 5
                time.sleep(6)  # longer than a connection is waited for
                proxy.is_stuck = False
                wait_until(
                    lambda: get_status(f"{system.url}/readyz") == 200,
                    what="ready again",
                    within_s=10,
                )
