"""Celery's side of the accounts: each task translates and calls one service."""

from uuid import UUID

from celery import shared_task

from accounts.services import departure, mail, sessions

__all__ = ["finish_departures", "purge_sessions", "send_mail", "sweep_mail"]


@shared_task(name=mail.SEND_TASK, ignore_result=True)
def send_mail(mail_id: str) -> None:
    mail.send_mail(UUID(mail_id))


@shared_task(name="accounts.sweep_mail", ignore_result=True)
def sweep_mail() -> None:
    mail.sweep_mail()


@shared_task(name="accounts.finish_departures", ignore_result=True)
def finish_departures() -> None:
    departure.finish_departures()


@shared_task(name="accounts.purge_sessions", ignore_result=True)
def purge_sessions() -> None:
    sessions.purge_sessions()
