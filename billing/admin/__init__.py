"""The operators' pages of this application, by what they are about. Django looks for them here."""

from billing.admin import accounts, instances, ledger, payments, plans

__all__ = ["accounts", "instances", "ledger", "payments", "plans"]
