"""Celery's side of billing: each task calls one service."""

from celery import shared_task

from billing.payments import corrections

__all__ = ["collect_debts"]


@shared_task(name="billing.collect_debts", ignore_result=True)
def collect_debts() -> None:
    corrections.collect_debts()
