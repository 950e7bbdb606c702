"""Mail that goes out: written down first, sent by a worker, tried again where that fails.

A mail is a row, inserted in the transaction of its event: it exists if and only if the event
happened, and its `key` makes it exist once. The task is enqueued on commit, and may get lost:
`sweep_mail` finds what waits. A mail server that fails delays only its mail.

Sending and noting that it was sent can't be one step: a worker that dies between the two sends the
mail again, with the same Message-ID.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import OutgoingMail, User
from stt_web.core.broker import enqueue

logger = logging.getLogger(__name__)

SEND_TASK = "accounts.send_mail"
MAX_TRIES = 12  # about a day
_FIRST_PAUSE = timedelta(minutes=1)  # longer than a mail server may take (`stt_web.core.email_url`)
_LONGEST_PAUSE = timedelta(hours=4)
_SWEPT_ROWS = 100
RETENTION = timedelta(days=90)  # how long a key prevents its mail from being written again


@dataclass(frozen=True, kw_only=True)
class MailContent:
    """The content of a mail, in the reader's language. `action`: label and target of a button."""

    subject: str
    paragraphs: Sequence[str]
    action: tuple[str, str] | None = None


def site_url(path: str) -> str:
    """Return the absolute URL of a page, for a mail; `path` begins with a slash."""
    return (settings.PUBLIC_URL or f"http://{_local_host()}:{settings.PORT}") + path


def queue_mail(
    notice: MailContent, *, kind: str, key: str, recipient: str, user: User | None, reason: str = ""
) -> bool:
    """Write the mail down, and have it sent after the commit; False if `key` had been written.

    `reason`: one line at the end that explains why the mail is sent, and how to unsubscribe.
    """
    context = {"notice": notice, "reason": reason}
    mail, is_new = OutgoingMail.objects.get_or_create(
        key=key[:200],
        defaults={
            "user": user,
            "kind": kind,
            "recipient": recipient,
            "subject": " ".join(notice.subject.split())[:200],
            "text": render_to_string("mail/notice.txt", context).strip() + "\n",
            "html": render_to_string("mail/notice.html", context),
            "created_at": timezone.now(),
            "next_try_at": timezone.now(),
        },
    )
    if is_new:
        # A message that is lost is made up for by the sweep.
        enqueue(SEND_TASK, [str(mail.pk)], queue="housekeeping")
    return is_new


def send_mail(mail_id: UUID, *, now: datetime | None = None) -> bool:
    """Send the mail if it waits and its time has come; False if not, or if that failed.

    The claim is a compare-and-set on the number of tries: of two workers, one sends.
    """
    asked_at = now or timezone.now()
    mail = OutgoingMail.objects.filter(pk=mail_id, next_try_at__lte=asked_at).first()
    if mail is None:
        return False
    pause = min(_FIRST_PAUSE * 2**mail.tries, _LONGEST_PAUSE)
    claimed = OutgoingMail.objects.filter(pk=mail.pk, tries=mail.tries, next_try_at__isnull=False)
    if not claimed.update(tries=F("tries") + 1, next_try_at=asked_at + pause):
        return False
    try:
        _as_message(mail).send()
    except Exception:  # smtplib, ssl and sockets: every failure is tried again
        logger.exception("event=mail_failed mail_id=%s kind=%s", mail.pk, mail.kind)
        if mail.tries + 1 >= MAX_TRIES:
            _close(mail, sent_at=None)
            logger.error("event=mail_given_up mail_id=%s kind=%s", mail.pk, mail.kind)
        return False
    _close(mail, sent_at=timezone.now())
    logger.info("event=mail_sent mail_id=%s kind=%s", mail.pk, mail.kind)
    return True


def sweep_mail(*, now: datetime | None = None) -> int:
    """Send what waits, oldest first, and delete old rows; return how many were sent."""
    asked_at = now or timezone.now()
    waiting = OutgoingMail.objects.filter(next_try_at__lte=asked_at).order_by("created_at")
    due = list(waiting.values_list("pk", flat=True)[:_SWEPT_ROWS])
    OutgoingMail.objects.filter(next_try_at=None, created_at__lt=asked_at - RETENTION).delete()
    return sum(send_mail(mail_id, now=asked_at) for mail_id in due)


def _as_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        settings.DEFAULT_FROM_EMAIL,
        [mail.recipient],
        # RFC 3834: no out-of-office replies, please.
        headers={"Message-ID": f"<{mail.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _close(mail: OutgoingMail, *, sent_at: datetime | None) -> None:
    OutgoingMail.objects.filter(pk=mail.pk).update(
        next_try_at=None, sent_at=sent_at, text="", html=""
    )
    # No account: the address of a stranger, or of a deleted user, is not stored.
    OutgoingMail.objects.filter(pk=mail.pk, user=None).update(recipient="")


def _local_host() -> str:
    return "localhost" if settings.HOST in ("0.0.0.0", "::", "") else settings.HOST  # noqa: S104
