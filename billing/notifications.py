"""The mail that minutes and credits run low: once for each time that some came in."""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.mail.notify import notify
from accounts.mail.outbox import MailContent, site_url
from accounts.models import User
from billing.ledger import read_balance
from billing.models import EntryKind, LedgerEntry
from billing.quotas import account_for

_INCOME = (EntryKind.GRANT, EntryKind.ALLOWANCE, EntryKind.PURCHASE, EntryKind.REFUND)


def notify_low_credits(user: User) -> None:
    """Notify `user` if no more than CREDITS_LOW_MINUTES are left. After a charge, in its
    transaction.

    The last income names the mail, so that it is sent once until something comes in again.
    """
    account = account_for(user)
    balance = read_balance(account, now=timezone.now())
    left = balance.spendable
    if not balance.is_metered or left > settings.CREDITS_LOW_MINUTES:
        return
    incomes = LedgerEntry.objects.filter(account=account, kind__in=_INCOME, amount__gt=0)
    last = incomes.order_by("-created_at", "-pk").values_list("pk", flat=True).first()
    notify(
        user,
        kind="credits_low",
        key=f"{account.pk}:{last}",
        write=lambda: _write(left),
    )


def _write(left: int) -> MailContent:
    return MailContent(
        subject=_("Your minutes are running low"),
        paragraphs=[
            ngettext(
                "Your account has %(left)d minute of audio left.",
                "Your account has %(left)d minutes of audio left.",
                left,
            )
            % {"left": left},
            _("Free minutes come back at the start of a month (UTC). Credits do not expire."),
        ],
        action=(_("See your account"), site_url("/account/")),
    )
