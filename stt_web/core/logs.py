"""Logs: one line an event, key=value, each with the id of its request.

Nothing here may log a query string, a header or a body: keys travel in them.
"""

import logging

from stt_web.core.request_id import RequestIdFilter

__all__ = ["FaultFilter", "RequestIdFilter", "SocketUrlFilter", "logging_config"]


class SocketUrlFilter(logging.Filter):
    """Drops uvicorn's line about a socket that opens or is refused: it holds the whole URL, and
    that may hold a key (`?token=`). `--no-access-log` does not silence it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return "WebSocket" not in str(record.msg)


class FaultFilter(logging.Filter):
    """Lets faults of ours through, and not the answers of 500 and above that we meant to give."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


def logging_config(level: str) -> dict[str, object]:
    """Return Django's LOGGING. It also takes over uvicorn's loggers, which exist before it."""
    silent = {"handlers": [], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "stt_web.core.request_id.RequestIdFilter"},
            "faults": {"()": "stt_web.core.logs.FaultFilter"},
            "no_socket_urls": {"()": "stt_web.core.logs.SocketUrlFilter"},
        },
        "formatters": {
            "key_value": {
                "format": "%(asctime)s level=%(levelname)s logger=%(name)s "
                "request_id=%(request_id)s %(message)s"
            }
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "key_value",
                "filters": ["request_id", "no_socket_urls"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": level},
            # Every answer of 400 and above, once more: the access log has them.
            "django.request": {"level": "ERROR", "filters": ["faults"]},
            # A wrong Host header is the client's, and the access log has it: no traceback for each.
            "django.security.DisallowedHost": silent,
            "uvicorn": {"handlers": [], "propagate": True},
            # Never DEBUG: there the sockets' library logs requests with their URL.
            "uvicorn.error": {"handlers": [], "propagate": True, "level": "INFO"},
            "uvicorn.access": silent,
            # "Received", "succeeded", "sending due task", every few seconds for the sweeper alone.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            # Each request and its answer; failures are logged by `billing.payments`.
            "stripe": {"level": "ERROR"},
            # Never DEBUG: there each request is logged with its headers and its signature.
            "boto3": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "s3transfer": {"level": "WARNING"},
            # Each message, and refusals of tools with the sentence, which may quote an argument.
            "mcp": {"level": "WARNING"},
        },
    }
