"""Leaving: an account is closed at once, and then everything that belongs to it is removed.

Closing (one transaction): no one can log in, no key and no session works, the row records that the
person leaves. Removing takes as long as there are recordings; it can be done again from anywhere
in the middle, and a worker finishes what a process that died left. The ledger retains amounts
without the person (`BillingAccount.user` becomes null).
"""

import logging
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.audit import USER_TYPE, record_own_action
from accounts.keys import cache
from accounts.mail.outbox import MailContent, queue_mail
from accounts.models import ApiKey, User
from accounts.services.user_data import all_user_data
from stt_web.core import wakeups

logger = logging.getLogger(__name__)

_AT_ONCE = 20  # accounts that a worker finishes before it takes other work


def close_account(user: User, *, now: datetime | None = None) -> None:
    """Shut the account, for good. Its sessions end, its keys are revoked from the commit on."""
    closed_at = now or timezone.now()
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=False, deletion_requested_at=closed_at)
        ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=closed_at)
        record_own_action(
            user.pk, action="close_account", object_type=USER_TYPE, object_ids=[str(user.pk)]
        )
        for session in UserSession.objects.filter(user=user):
            session.end()
        wakeups.wake(wakeups.ACCESS, user.pk)
    cache.evict_keys()
    logger.info("event=account_closed user_id=%s", user.pk)


def remove_account(user: User) -> None:
    """Remove everything of a closed account, the account itself last.

    Recordings before the billing account, which decides what may be done with them.
    """
    for user_data in reversed(all_user_data()):
        user_data.remove(user)
    user_id, deletion_mail = user.pk, _find_address(user)
    with transaction.atomic():
        user.delete()
        if deletion_mail:
            _write_deletion_mail(user_id, address=deletion_mail, language=user.language)
    logger.info("event=account_removed user_id=%s", user_id)


def try_to_remove(user: User) -> bool:
    """Remove a closed account; False if something of it can't be removed now (it is logged)."""
    try:
        remove_account(user)
    except Exception:  # any failure of an application: a worker tries again
        logger.exception("event=account_not_removed user_id=%s", user.pk)
        return False
    return True


def delete_closed_accounts() -> int:
    """Remove accounts that were closed and not removed; return how many. Idempotent."""
    leaving = User.objects.filter(deletion_requested_at__isnull=False).order_by(
        "deletion_requested_at"
    )
    return sum(try_to_remove(user) for user in list(leaving[:_AT_ONCE]))


def _find_address(user: User) -> str:
    """Return the user's verified address; empty without one."""
    address = EmailAddress.objects.filter(user=user, primary=True, verified=True).first()
    return address.email if address is not None else ""


def _write_deletion_mail(user_id: UUID, *, address: str, language: str) -> None:
    with override(language):
        notice = MailContent(
            subject=_("Your account is deleted"),
            paragraphs=[
                _("Your Open STT account and everything in it have been deleted."),
                _("Only what the law requires, such as invoices, is kept."),
                _("If that wasn't you, contact your administrator."),
            ],
        )
        queue_mail(notice, kind="farewell", key=f"farewell:{user_id}", recipient=address, user=None)
