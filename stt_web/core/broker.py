"""The one way to hand work to the workers: a message, sent after the commit that makes the work.

A message is a hint that may get lost, never the truth: a row states what is to be done, and a sweep
finds rows whose message was lost. So a broker that is down is logged, and raises nothing.
"""

import logging
from collections.abc import Callable, Sequence

from celery import current_app
from django.db import transaction

from stt_web.core.request_id import request_id_var
from stt_web.core.tracing import carry

logger = logging.getLogger(__name__)


def enqueue(
    task: str,
    args: Sequence[object] = (),
    *,
    queue: str,
    expires_s: float | None = None,
    on_failure: Callable[[], object] | None = None,
) -> None:
    """Have a worker run `task` once the transaction at hand commits; at once without one.

    `expires_s`: after this long the message is dropped unread. `on_failure` is called where the
    broker could not be reached. Never raises for a broker that is down, and waits for it no longer
    than the socket timeouts of the settings.
    """

    def send() -> None:
        if not send_now(task, args, queue=queue, expires_s=expires_s) and on_failure is not None:
            on_failure()

    transaction.on_commit(send, robust=True)


def send_now(
    task: str, args: Sequence[object] = (), *, queue: str, expires_s: float | None = None
) -> bool:
    """Send without waiting for a commit; False where the broker could not be reached."""
    try:
        current_app.send_task(
            task,
            args=list(args),
            queue=queue,
            expires=expires_s,
            retry=False,
            ignore_result=True,
            headers={"stt_request_id": request_id_var.get(), **carry()},
        )
    except Exception:  # kombu passes on what its transports raise
        logger.exception("event=enqueue_failed task=%s queue=%s", task, queue)
        return False
    return True
