"""The suites of tests, and the database that each runs on: `python -m tests.run [SUITE] [ARGS]`.

Without a suite it is the fast one (`make test`): all that is in no other, on SQLite, and before it
what is about the database on PostgreSQL. The others are marked by their names. `--short` takes only
the tests of a suite that are marked `short`. Real weights: `make test-real`, one test at a time.

A few tests that fail beside others run once more, alone. What passes then is listed as unsteady: it
is to be mended, and fails nothing.

PostgreSQL is used where it answers at STT_TEST_POSTGRESQL (localhost by default); where
STT_TEST_REQUIRE lists `postgresql`, its absence is a failure. Further arguments are pytest's.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.services import POSTGRESQL_URL

SUITES = ("browser", "clients", "drills")
_PARALLEL = ("-n", "2", "--dist", "loadfile")
_TESTS = Path(__file__).resolve().parent
_LAST_FAILED = _TESTS.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"
_MOST_UNSTEADY = 3


def main(arguments: list[str]) -> int:
    """Run the suite that the first argument names, or the fast one; returns 0 if it passed."""
    if not arguments or arguments[0] not in SUITES:
        return run_fast(arguments)
    suite, *rest = arguments
    chosen = suite
    if rest[:1] == ["--short"]:
        chosen = f"{suite} and short"
        rest = rest[1:]
    are_named = any(os.path.exists(each.partition("::")[0]) for each in rest)
    return _pytest("-m", chosen, *rest, *([] if are_named else files_marked(suite)))


def files_marked(mark: str) -> list[str]:
    """Return the files with such tests: to collect the others takes half a minute."""
    marking = f"pytest.mark.{mark}"
    return sorted(str(file) for file in _TESTS.rglob("test_*.py") if marking in file.read_text())


def run_fast(arguments: list[str]) -> int:
    """Run what no other suite has, on both databases, also where the first fails."""
    required = "postgresql" in os.environ.get("STT_TEST_REQUIRE", "").split(",")
    fast = " and ".join(f"not {mark}" for mark in (*SUITES, "real_weights", "torch_engines"))
    status = 0
    with tempfile.TemporaryDirectory(prefix="stt-test-report-") as folder:
        env = {**os.environ, "STT_TEST_REPORT_DIR": folder}
        if _answers(POSTGRESQL_URL):
            _report("The tests marked `database`, on PostgreSQL:")
            on_postgresql = {**env, "STT_TEST_DATABASE": POSTGRESQL_URL}
            marked = files_marked("database")
            status = _pytest("-m", f"database and {fast}", *marked, env=on_postgresql)
        elif required:
            _report(
                f"PostgreSQL does not answer at {POSTGRESQL_URL}, but STT_TEST_REQUIRE lists it."
            )
            status = 1
        _report("Every test of the fast suite, on SQLite:")
        return _pytest("-m", fast, *arguments, env=env) or status


def _pytest(*arguments: str, env: dict[str, str] | None = None) -> int:
    if not {"--lf", "--last-failed", "--ff", "--failed-first"} & set(arguments):
        _LAST_FAILED.unlink(missing_ok=True)  # of another suite
    status = _run(*_PARALLEL, *arguments, env=env)
    if status != pytest.ExitCode.TESTS_FAILED:
        return status
    failed = list(json.loads(_LAST_FAILED.read_text()))
    if len(failed) > _MOST_UNSTEADY:
        return status
    _report(f"{len(failed)} failed: once more, alone.")
    status = _run("--last-failed", *arguments, env=env)
    if status == pytest.ExitCode.OK:
        _report("\n".join(["UNSTEADY, passed alone only, to be mended:", *failed]))
    return status


def _run(*arguments: str, env: dict[str, str] | None) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env=env, check=False).returncode


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _report(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command's own words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
