"""A worker that takes no messages, although there are some and it has room, ends itself.

What started it starts it again. Celery's consumer may stay away from a broker that it lost, in a
process that lives on (https://github.com/celery/celery/issues/10302); what waits would wait until
an operator notices.

It is looked at every `CHECK_EVERY_S`, and is stuck where that is so `STUCK_AFTER_CHECKS` times in a
row. A broker that can't be asked is another matter: then no worker is stuck.
"""

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from celery import Celery
from celery.worker import state
from kombu.exceptions import OperationalError

from stt_web.core.background import ThreadLoop

logger = logging.getLogger(__name__)

CHECK_EVERY_S = 10.0
STUCK_AFTER_CHECKS = 6
END_WITHIN_S = 30.0  # so long it may finish what it works on, as at any end


@dataclass(frozen=True)
class Observation:
    """taken: how many messages it ever took. has_room: it may take one more now."""

    waiting: int
    taken: int
    has_room: bool


class ConsumerWatch:
    """`note` takes one observation after another, each some time after the one before."""

    def __init__(self) -> None:
        self._taken = -1
        self._idle_checks = 0

    def note(self, seen: Observation | None) -> bool:
        """Return whether it is stuck; None: the broker couldn't be asked."""
        is_idle = seen is not None and seen.waiting > 0 and seen.has_room
        if seen is None or not is_idle or seen.taken != self._taken:
            self._idle_checks = 0
        self._taken = seen.taken if seen is not None else -1
        self._idle_checks += is_idle
        return self._idle_checks > STUCK_AFTER_CHECKS


def watch_consumer(app: Celery, *, slots: int) -> None:
    """Begin, in a worker that is ready. slots: how many messages it works on at once."""
    watch = ConsumerWatch()
    pause = threading.Event()

    def check() -> bool:
        pause.wait(CHECK_EVERY_S)
        if watch.note(_observe(app, slots=slots)):
            _end()
            return False
        return True

    ThreadLoop("consumer-watch", check).start()


def _observe(app: Celery, *, slots: int) -> Observation | None:
    taken = sum(state.total_count.values())
    has_room = len(state.reserved_requests) < slots and state.should_stop is None
    waiting = count_waiting(app)
    return None if waiting is None else Observation(waiting=waiting, taken=taken, has_room=has_room)


def count_waiting(app: Celery) -> int | None:
    """Return how many messages are in the queues that this worker consumes; None: no broker."""
    connection: Any = app.connection_for_read()  # kombu's stubs lack what a channel can do
    errors: tuple[type[Exception], ...] = (
        OperationalError,
        *connection.recoverable_connection_errors,
        *connection.recoverable_channel_errors,
    )
    count = 0
    try:
        with connection:
            channel = connection.channel()
            for queue in app.amqp.queues.consume_from:
                count += channel.queue_declare(queue=queue, passive=True).message_count
    except errors:
        return None
    return count


def _end() -> None:
    logger.error(
        "event=consumer_stuck after_s=%.0f: it takes no messages although some wait, and ends",
        CHECK_EVERY_S * STUCK_AFTER_CHECKS,
    )
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_WITHIN_S)
    os._exit(1)  # its main thread is what is stuck
