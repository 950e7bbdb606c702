"""Log lines: key=value events, each with the request id of the call at work.

Never text, audio, or keys: what a person said belongs to them.
"""

import logging
import re
import sys
import uuid
from contextvars import ContextVar

request_id_var: ContextVar[str] = ContextVar("request_id", default="-")
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def choose_request_id(sent: str) -> str:
    """Return the client's id if it is harmless in a log line, else a new one."""
    return sent if _HARMLESS.match(sent) else uuid.uuid4().hex


class RequestIdFilter(logging.Filter):
    """Gives every record the `request_id` of the call at work."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get()
        return True


def configure_logging() -> None:
    """Write to standard error, for the whole process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(
        logging.Formatter(
            "time=%(asctime)s level=%(levelname)s logger=%(name)s request_id=%(request_id)s "
            "%(message)s"
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request
