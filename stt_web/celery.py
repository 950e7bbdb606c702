"""The Celery application. Queues, schedule and broker come from the settings (`CELERY_*`)."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")

TRANSPORT_ALIASES["filesystem"] = "stt_web.core.file_broker:Transport"

app = Celery("stt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
