"""What a run really used: databases, brokers, models, browsers. Facts of the run, not constants.

A test (or its fixture) says `used("broker", "Redis 7.0.15")` once it has talked to the thing;
`require` turns a missing one into a failure where STT_TEST_REQUIRE names it, else into a skip.
The facts lie in a folder, one file each, so that parallel test processes and the processes of
end-to-end tests can all add to them; `tests/conftest.py` prints them at the end.
"""

import hashlib
import os
from pathlib import Path

import pytest

_FOLDER = "STT_TEST_REPORT_DIR"


def used(kind: str, what: str) -> None:
    """Note that this run used `what`, e.g. `used("model", "base (faster-whisper, int8)")`."""
    folder = os.environ.get(_FOLDER)
    if not folder:
        return
    line = f"{kind}\t{what}"
    name = hashlib.sha256(line.encode()).hexdigest()[:16]
    (Path(folder) / name).write_text(line)


def require(service: str, *, is_there: bool, reason: str = "") -> None:
    """Skip the test where `service` is missing, or fail it if STT_TEST_REQUIRE lists it."""
    if is_there:
        return
    reason = reason or f"{service} does not answer here."
    required = os.environ.get("STT_TEST_REQUIRE", "").split(",")
    if service.lower() in required:
        pytest.fail(f"{reason} STT_TEST_REQUIRE lists {service}.", pytrace=False)
    pytest.skip(reason)


def collect(folder: Path) -> dict[str, list[str]]:
    """Return what was noted in `folder`, by kind, sorted."""
    facts: dict[str, list[str]] = {}
    for path in folder.iterdir():
        kind, what = path.read_text().split("\t", 1)
        facts.setdefault(kind, []).append(what)
    return {kind: sorted(facts[kind]) for kind in sorted(facts)}
