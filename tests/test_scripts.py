"""The pages' scripts: eslint, prettier, tsc and their unit tests (`node --test tests/js`)."""

import subprocess
from pathlib import Path

import pytest

from tests import report

ROOT = Path(__file__).resolve().parent.parent
_NO_NODE = 3


@pytest.fixture(scope="module")
def npm() -> str:
    """The command, with the locked packages in place."""
    installed = subprocess.run(
        ["sh", "tests/js/install.sh"], cwd=ROOT, capture_output=True, text=True
    )
    report.require(
        "node", is_there=installed.returncode != _NO_NODE, reason="There is no Node.js here."
    )
    assert installed.returncode == 0, installed.stderr
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    report.used("scripts", f"Node.js {version.stdout.strip()}")
    return "npm"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", ["lint", "format:check", "types", "test"])
def test_the_scripts_pass(npm: str, script: str) -> None:
    done = subprocess.run(
        [npm, "run", "--silent", script], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
