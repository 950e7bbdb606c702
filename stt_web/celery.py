"""The Celery application. Queues, schedule and broker come from the settings (`CELERY_*`)."""

import contextlib
import os
import uuid
from typing import Any

from celery import Celery
from celery.signals import (
    beat_init,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
)
from kombu.transport import TRANSPORT_ALIASES

from stt_web.alive import show_life
from stt_web.core.env import BadSettingError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")

TRANSPORT_ALIASES["filesystem"] = "stt_web.core.file_broker:Transport"

app = Celery("stt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
@beat_init.connect
def _show_life(**_: object) -> None:
    show_life()


@worker_ready.connect
def _watch_consumer(sender: Any = None, **_: object) -> None:
    from stt_web.consumer_watch import watch_consumer

    watch_consumer(app, slots=sender.controller.concurrency)


@worker_init.connect
def _answer_doctor(**_: object) -> None:
    from stt_web.operations import worker_checks  # noqa: F401  # its command registers itself


@worker_init.connect
@beat_init.connect
def _serve_metrics(**_: object) -> None:
    from stt_web.core.metrics import serve_metrics  # the settings are there by now
    from stt_web.core.tracing import start_tracing

    start_tracing("stt-worker")
    try:
        serve_metrics()
    except BadSettingError as error:
        raise SystemExit(f"open-stt: {error}") from None  # Celery only logs other exceptions


@task_prerun.connect
def _enter_request(task: Any = None, **_: object) -> None:
    """Go on with the id and the trace of the request that enqueued the task.

    A message of the sweeper or of beat has an id of its own, and no trace.
    """
    from stt_web.core.request_id import request_id_var
    from stt_web.core.tracing import span

    sent = task.request
    request_id = getattr(sent, "stt_request_id", None) or uuid.uuid4().hex
    request_id_var.set(request_id)
    sent.stt_traced = contextlib.ExitStack()
    if parent := getattr(sent, "traceparent", None):
        sent.stt_traced.enter_context(
            span(
                task.name,
                parent={"traceparent": parent},
                stt__request_id=request_id,
                messaging__destination__name=str((sent.delivery_info or {}).get("routing_key", "")),
            )
        )


@task_postrun.connect
def _leave_request(task: Any = None, **_: object) -> None:
    from stt_web.core.request_id import request_id_var

    task.request.stt_traced.close()
    request_id_var.set("")
