"""The Celery application. Queues, schedule and broker come from the settings (`CELERY_*`)."""

import os

from celery import Celery
from celery.signals import beat_init, worker_ready
from kombu.transport import TRANSPORT_ALIASES

from stt_web.alive import show_life

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")

TRANSPORT_ALIASES["filesystem"] = "stt_web.core.file_broker:Transport"

app = Celery("stt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
@beat_init.connect
def _show_life(**_: object) -> None:
    show_life()
