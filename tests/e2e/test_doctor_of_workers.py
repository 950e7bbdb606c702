"""The doctor asks real workers through a real broker: their clocks, and their folder."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import ROOT, System, wait_until

pytestmark = pytest.mark.timeout(180)


def findings(system: System) -> dict[str, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env=system.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(done.stdout)["findings"]:
        found.setdefault(each["subject"], []).append(each)
    return found


def test_a_worker_with_another_folder_is_found(tmp_path: Path) -> None:
    with System(tmp_path / "data") as system:
        system.own_env["worker-bulk"] = {"STT_MEDIA_DIR": str(tmp_path / "elsewhere")}
        system.start("worker-short", "worker-bulk")
        wait_until(
            lambda: len(findings(system).get("clock", ())) == 1, what="workers answer", within_s=60
        )
        found = findings(system)

        assert "agree" in found["clock"][0]["sentence"]
        assert found["workers"][0]["level"] == "failure"
        assert "bulk" in found["workers"][0]["sentence"]
        assert "short" not in found["workers"][0]["sentence"]
        assert "STT_MEDIA_DIR" in found["workers"][0]["cure"]

        system.stop("worker-bulk")
        found = findings(system)
        assert [each["level"] for each in found["workers"]] == ["ok"]
    assert not list((tmp_path / "data").rglob("doctor-*"))
