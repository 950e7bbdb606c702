"""The operators' pages of this application, by subject. Django imports them from here."""

from billing.admin import accounts, instances, ledger, payments, plans

__all__ = ["accounts", "instances", "ledger", "payments", "plans"]
