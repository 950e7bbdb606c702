"""Checks of wake-ups between processes: without them, event streams and waits learn late."""

import asyncio
from collections.abc import Iterator

from stt_web.core.wakeups import call_processes, has_layer
from stt_web.operations.findings import Diagnosis, failure, ok, warning

WITHIN_S = 2.0
_SUBJECT = "events"
_CURE = "See STT_CHANNEL_LAYER_URL, and whether Redis runs there."


def check_wakeups(*, within_s: float = WITHIN_S) -> Iterator[Diagnosis]:
    """Send a message through the layer, to this process and to every web process."""
    if not has_layer():
        yield ok(_SUBJECT, "No STT_CHANNEL_LAYER_URL is set: changes are polled, up to 3 s later.")
        return
    try:
        reached = asyncio.run(call_processes(within_s=within_s))
    except TimeoutError:
        yield failure(_SUBJECT, f"A message was not back within {within_s:g} s.", _CURE)
        return
    except OSError as error:
        yield failure(_SUBJECT, f"No message could be sent: {type(error).__name__}.", _CURE)
        return
    if reached:
        what = "process" if reached == 1 else "processes"
        yield ok(_SUBJECT, f"A message reached {reached} web {what} within {within_s:g} s.")
    else:
        yield warning(
            _SUBJECT,
            f"A message reached no web process within {within_s:g} s: event streams get changes"
            " up to 3 s late.",
            "Set the same STT_CHANNEL_LAYER_URL for web and workers; a web process that had no"
            " request yet doesn't listen either.",
        )
