"""The Celery application. Queues, schedule and broker come from the settings (`CELERY_*`)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")

app = Celery("stt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
