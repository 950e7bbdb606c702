"""Clients of the world in environments of their own: pinned by hash, made once, in the cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import report

FOLDER = Path(__file__).parent / "clients"
_CACHE = Path(os.environ.get("STT_TEST_CACHE") or Path.home() / ".cache" / "open-stt")
_INSTALL_S = 240
NODE_22 = "node@22.23.3"


def python_with(name: str, *, at_least: tuple[int, int] | None = None) -> Path:
    """Return the Python of an environment that holds what `clients/<name>.txt` lists.

    `at_least`: a version that this machine may lack; without it the tests' own.
    """
    lock = FOLDER / f"{name}.txt"
    folder = _CACHE / f"client-{name}-{_digest(lock.read_bytes())}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        base = sys.executable if at_least is None else _find_python(at_least)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([base, "-m", "venv", str(folder)], check=True, timeout=120)
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
        argv = [*uv, "--python", str(python), "-r", str(lock)]
        done = subprocess.run(argv, capture_output=True, timeout=_INSTALL_S, check=False)
        report.require("the package index", is_there=done.returncode == 0)
        (folder / "installed").touch()  # last: an interrupted install is done again
    return python


def _find_python(at_least: tuple[int, int]) -> str:
    """Return one of the PATH's or of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    on_path = [shutil.which(f"python3.{minor}") for minor in range(at_least[1], 20)]
    candidates = [*filter(None, on_path), *map(str, sorted(pyenv.glob("*/bin/python3")))]
    check = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {at_least})"
    for each in candidates:
        # A shim of pyenv's is there also where no such version is.
        done = subprocess.run([each, "-c", check], capture_output=True, timeout=30, check=False)
        if done.returncode == 0:
            return each
    version = f"{at_least[0]}.{at_least[1]}"
    reason = f"There is no Python {version} or newer here."
    report.require(f"python{version}", is_there=False, reason=reason)
    raise AssertionError(reason)  # `require` has left


def python_with_package(source: Path, lock_name: str) -> Path:
    """Return the Python of an environment in which a package of ours is installed.

    Built from `source`, the wheel by way of the sdist; what it needs is `clients/<lock_name>.txt`.
    """
    digest = _digest(_content_of(source))
    python = python_with(lock_name)
    marker = python.parent.parent / "package"
    if not marker.exists() or marker.read_text() != digest:
        with tempfile.TemporaryDirectory() as dist:
            uv = [sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", dist, str(source)]
            done = subprocess.run(uv, capture_output=True, timeout=_INSTALL_S, check=False)
            report.require("the package index", is_there=done.returncode == 0)
            wheels = [str(wheel) for wheel in Path(dist).glob("*.whl")]
            install = ["install", "--quiet", "--no-deps", "--force-reinstall", *wheels]
            subprocess.run([str(python), "-m", "pip", *install], check=True, timeout=_INSTALL_S)
        marker.write_text(digest)
    return python


def node_with(*packages: str, runs_scripts: bool = False) -> Path:
    """Return a folder whose node_modules hold these npm packages, `name@version`."""
    npm = shutil.which("npm")
    report.require("node", is_there=npm is not None)
    folder = _CACHE / f"client-{'+'.join(packages).replace('/', '-')}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        scripts = () if runs_scripts else ("--ignore-scripts",)
        argv = [str(npm), "install", "--no-audit", "--no-fund", *scripts, *packages]
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, timeout=_INSTALL_S, check=False
        )
        report.require("npm's registry", is_there=done.returncode == 0)
        (folder / "installed").touch()
    return folder


def node_of(version: str) -> str:
    """Return the program of Node.js 20, this machine's, or of 22."""
    if version == "20":
        return "node"
    # What brings the program is the installation of its package.
    return str(node_with(NODE_22, runs_scripts=True) / "node_modules" / "node" / "bin" / "node")


def run(*argv: str | Path, **environment: str) -> Any:
    """Run a client to its end and return the JSON that it prints."""
    done = subprocess.run(
        [str(part) for part in argv],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def node_with_our_package(version: str) -> tuple[str, Path]:
    """Return Node.js 20 (with `ws`) or 22, and a folder with our package.

    It is compiled, packed and installed as it would be published.
    """
    source = FOLDER.parent.parent.parent / "sdk" / "node"
    tools = source.parent.parent / "tests" / "js" / "install.sh"
    installed = subprocess.run(["sh", str(tools)], capture_output=True, check=False)
    report.require("node", is_there=installed.returncode == 0)
    packages = {"20": ["ws@8.23.0"], "22": []}[version]
    folder = _CACHE / f"client-open-stt-node-{version}-{_digest(_content_of(source))}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        built = folder / "source"
        shutil.copytree(source, built, ignore=shutil.ignore_patterns("dist", "node_modules"))
        (folder / "node_modules").symlink_to(source.parent.parent / "node_modules")
        _npm("run", "build", cwd=built)
        (folder / "node_modules").unlink()
        _npm("pack", "--pack-destination", str(folder), cwd=built)
        packed = next(folder.glob("open-stt-sdk-*.tgz"))
        _npm("install", "--no-audit", "--no-fund", str(packed), *packages, cwd=folder)
        (folder / "installed").touch()
    return node_of(version), folder


def _npm(*arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        ["npm", *arguments], cwd=cwd, capture_output=True, timeout=_INSTALL_S, check=False
    )
    assert done.returncode == 0 or arguments[0] == "install", done.stderr.decode()[-2000:]
    report.require("npm's registry", is_there=done.returncode == 0)


def _content_of(folder: Path) -> bytes:
    skipped = {"__pycache__", "dist", "node_modules"}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"".join(
        path.relative_to(folder).as_posix().encode() + path.read_bytes()
        for path in files
        if not skipped & set(path.parts)
    )
