"""`make test`: the tests that are about the database on PostgreSQL, then every test on SQLite.

PostgreSQL is used where it answers at STT_TEST_POSTGRESQL (localhost by default); where
STT_TEST_REQUIRE lists `postgresql`, its absence is a failure. Arguments go to the second run.
"""

import os
import subprocess
import sys
import tempfile

import psycopg

from tests.services import POSTGRESQL_URL

_PARALLEL = ("-n", "2", "--dist", "loadfile")
_FAST = "not real_weights"  # those are `make test-real`'s
_NO_TESTS = 5  # pytest: nothing was collected


def main() -> int:
    """Run both, also where the first fails; returns 0 if both passed."""
    required = "postgresql" in os.environ.get("STT_TEST_REQUIRE", "").split(",")
    status = 0
    with tempfile.TemporaryDirectory(prefix="stt-test-report-") as folder:
        env = {**os.environ, "STT_TEST_REPORT_DIR": folder}
        if _answers(POSTGRESQL_URL):
            _say("The tests marked `database`, on PostgreSQL:")
            on_postgresql = {**env, "STT_TEST_DATABASE": POSTGRESQL_URL}
            status = _pytest("-m", "database", may_be_empty=True, env=on_postgresql)
        elif required:
            _say(f"PostgreSQL does not answer at {POSTGRESQL_URL}, but STT_TEST_REQUIRE lists it.")
            status = 1
        _say("Every test, on SQLite:")
        return _pytest("-m", _FAST, *sys.argv[1:], env=env) or status


def _pytest(*arguments: str, env: dict[str, str], may_be_empty: bool = False) -> int:
    command = [sys.executable, "-m", "pytest", *_PARALLEL, *arguments]
    status = subprocess.run(command, env=env, check=False).returncode
    return 0 if status == _NO_TESTS and may_be_empty else status


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command's own words


if __name__ == "__main__":
    sys.exit(main())
