"""The append-only log of operators' actions, written in the transaction of the action.

The database refuses to change an entry (by triggers that the first migration makes).
"""

from typing import Any

from django.db import models

from accounts.models import AuditEntry, User


def record_action(
    operator: User,
    *,
    action: str,
    subject: models.Model,
    reason: str = "",
    **details: Any,
) -> AuditEntry:
    """Write down that `operator` did `action` to `subject`.

    `details`: JSON values without secrets: no keys, no tokens, no texts.
    """
    return AuditEntry.objects.create(
        operator_id=str(operator.pk),
        operator_email=operator.email,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        reason=reason,
        details=details,
    )
