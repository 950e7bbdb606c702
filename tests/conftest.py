"""The run as a whole: which database it uses, and what it reports at the end about what it used."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import report
from tests.declared_answers import take_undeclared

_REPORT_DIR = "STT_TEST_REPORT_DIR"
_own_report_dir: list[Path] = []

# A busy machine is no fault of an example. CI tries the same ones each time; others, random ones.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that all processes of this run note their facts in."""
    if _REPORT_DIR not in os.environ:
        _own_report_dir.append(Path(tempfile.mkdtemp(prefix="stt-test-report-")))
        os.environ[_REPORT_DIR] = str(_own_report_dir[0])


def pytest_unconfigure(config: pytest.Config) -> None:
    for folder in _own_report_dir:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _answers_are_declared() -> Iterator[None]:
    """Fail where the API answered with what its endpoint doesn't declare."""
    yield
    assert take_undeclared() == []


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Note the database that the tests of this process run on, by its own word."""
    from django.db import connections
    from django.test import TransactionTestCase

    from tests.flushing import flush_what_was_written

    TransactionTestCase._fixture_teardown = flush_what_was_written  # type: ignore[attr-defined]

    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django has no public type
        report.used("database", _name_database(connections["default"]))


def _name_database(connection: object) -> str:
    from django.db.backends.base.base import BaseDatabaseWrapper

    assert isinstance(connection, BaseDatabaseWrapper)
    is_sqlite = connection.vendor == "sqlite"
    query = "SELECT sqlite_version()" if is_sqlite else "SHOW server_version"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return f"{connection.display_name} {cursor.fetchone()[0].split()[0]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if hasattr(terminalreporter.config, "workerinput"):
        return
    terminalreporter.section("what this run really used")
    terminalreporter.line(f"{'python':>10}: {sys.version.split()[0]}")
    for kind, names in report.collect(Path(os.environ[_REPORT_DIR])).items():
        terminalreporter.line(f"{kind:>10}: {', '.join(names)}")
