"""Wiring of the web tier: settings, routing, servers. No business lives here."""

from stt_web.celery import app as celery_app

__all__ = ["celery_app"]
