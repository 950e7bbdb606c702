"""Where a transcript, and each job of it, stands.

Every change is a compare-and-set on the old status (`services/job_status`).
"""

from django.db import models


class Status(models.TextChoices):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    COMPLETED_WITH_WARNINGS = "completed_with_warnings"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATUSES = (Status.QUEUED, Status.PROCESSING)
READABLE_STATUSES = (Status.COMPLETED, Status.COMPLETED_WITH_WARNINGS)
