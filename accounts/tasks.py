"""Celery's side of the accounts: each task translates and calls one service."""

from uuid import UUID

from celery import shared_task

from accounts.mail import outbox
from accounts.services import account_deletion, sessions

__all__ = ["delete_closed_accounts", "purge_sessions", "send_mail", "sweep_mail"]


@shared_task(name=outbox.SEND_TASK, ignore_result=True)
def send_mail(mail_id: str) -> None:
    outbox.send_mail(UUID(mail_id))


@shared_task(name="accounts.sweep_mail", ignore_result=True)
def sweep_mail() -> None:
    outbox.sweep_mail()


@shared_task(name="accounts.delete_closed_accounts", ignore_result=True)
def delete_closed_accounts() -> None:
    account_deletion.delete_closed_accounts()


@shared_task(name="accounts.purge_sessions", ignore_result=True)
def purge_sessions() -> None:
    sessions.purge_sessions()
