"""Work on texts that a Celery worker does: ordered, claimed, done, finished, swept, shown."""
