"""Doctor and bench for operators who are not at the machine: the same commands, over the API.

Each runs as the process that an operator would start: what hangs in it, and what it needs of memory
and connections, is not the web process's. One of each at a time, over all web processes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.cache import cache

from stt_web.core.errors import ApiError

# A process starts in seconds, on a busy machine; bench removes what it made after its time.
_BEYOND_S = 45.0


class ReportRunningError(ApiError):
    """The same report is being made already."""

    status = 409
    code = "already_running"

    def __init__(self) -> None:
        super().__init__("It is running already: wait for it, or ask again in a minute.")


class ReportFailedError(ApiError):
    """The command ended without a report; the log has the reason."""

    status = 503
    code = "no_report"

    def __init__(self) -> None:
        super().__init__("There is no report: the server's log has the reason.")


def run_report(command: str, *arguments: str, within_s: float) -> dict[str, Any]:
    """Return what a command of `manage.py` prints as JSON. Blocks for about `within_s` at most.

    Raises ReportRunningError, ReportFailedError.
    """
    with _alone(command, within_s=within_s + _BEYOND_S):
        try:
            done = subprocess.run(  # noqa: S603  # our own command and arguments
                [sys.executable, "-m", "django", command, "--json", *arguments],
                cwd=settings.BASE_DIR,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                timeout=within_s + _BEYOND_S,
                check=False,
            )
            report: dict[str, Any] = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, OSError, ValueError) as error:
            raise ReportFailedError from error
    return report


@contextmanager
def _alone(command: str, *, within_s: float) -> Iterator[None]:
    """Hold the one place that there is; a process that dies gives it back after `within_s`."""
    place = f"operator-report-{command}"
    if not cache.add(place, value=True, timeout=int(within_s) + 1):
        raise ReportRunningError
    try:
        yield
    finally:
        cache.delete(place)


def _environment() -> dict[str, str]:
    """Return ours, without what only one process can have."""
    own = {"DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE), "STT_METRICS_LISTEN": ""}
    return {**os.environ, **own}
