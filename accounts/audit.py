"""The append-only log: what operators did, and what people did with their own accounts.

Written in the transaction of what it reports. The database refuses to change an entry (by triggers
that the first migration makes), so an entry of a person's own account holds no more of the person
than the account's id, which means nothing once the account is deleted: no mail address, no network
address. Operators are named.
"""

from typing import Any

from django.db import models

from accounts.models import AuditEntry, User

KEY_TYPE, USER_TYPE = "accounts.apikey", "accounts.user"


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
    return record_action_on(
        operator,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        reason=reason,
        **details,
    )


def record_action_on(
    operator: User,
    *,
    action: str,
    object_type: str,
    object_id: str,
    reason: str = "",
    **details: Any,
) -> AuditEntry:
    """The same for what is no row: a model of the inference service."""
    return AuditEntry.objects.create(
        actor_id=str(operator.pk),
        actor_email=operator.email,
        action=action,
        object_type=object_type,
        object_id=object_id,
        reason=reason,
        details=details,
    )


def record_own_action(
    user_id: object, *, action: str, object_type: str, object_ids: list[str], **details: Any
) -> None:
    """Write down that someone did `action` to things of their own account. One query."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor_id=str(user_id),
            action=action,
            object_type=object_type,
            object_id=object_id,
            details=details,
        )
        for object_id in object_ids
    )
