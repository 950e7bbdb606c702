"""`X-Request-Id`: echoed or made, on every answer (`asgi/request_log.py`), and in every log line of
the request."""

import logging
import re
import uuid
from contextvars import ContextVar

request_id_var: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def choose_request_id(sent: str) -> str:
    """Return the client's id if it is harmless in a log line and a header, else a new one."""
    return sent if _ACCEPTABLE.match(sent) else uuid.uuid4().hex


class RequestIdFilter(logging.Filter):
    """Gives every log record the `request_id` of the request or task at work."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get() or "-"
        return True
