"""Clients of the world in environments of their own: pinned by hash, made once, in the cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import report

FOLDER = Path(__file__).parent / "clients"
_CACHE = Path(os.environ.get("STT_TEST_CACHE") or Path.home() / ".cache" / "open-stt")
_INSTALL_S = 240


def python_with(name: str) -> Path:
    """Return the Python of an environment that holds what `clients/<name>.txt` lists."""
    lock = FOLDER / f"{name}.txt"
    folder = _CACHE / f"client-{name}-{_digest(lock.read_bytes())}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        done = subprocess.run(pip, capture_output=True, timeout=_INSTALL_S, check=False)
        report.require("the package index", is_there=done.returncode == 0)
        (folder / "installed").touch()  # last: an interrupted install is done again
    return python


def node_with(package: str) -> Path:
    """Return a folder whose node_modules hold an npm package, `name@version`."""
    npm = shutil.which("npm")
    report.require("node", is_there=npm is not None)
    folder = _CACHE / f"client-{package.replace('/', '-')}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        argv = [str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", package]
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, timeout=_INSTALL_S, check=False
        )
        report.require("npm's registry", is_there=done.returncode == 0)
        (folder / "installed").touch()
    return folder


def run(*argv: str | Path) -> Any:
    """Run a client to its end and return the JSON that it prints."""
    done = subprocess.run(
        [str(part) for part in argv], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
