"""The tables of this application, by what they are about."""

from billing.models.cloud import CloudInstance, InstanceStatus
from billing.models.ledger import (
    Allowance,
    AnonymousUse,
    BillingAccount,
    Bucket,
    EntryKind,
    Hold,
    HoldState,
    LedgerEntry,
    Plan,
)

__all__ = [
    "Allowance",
    "AnonymousUse",
    "BillingAccount",
    "Bucket",
    "CloudInstance",
    "EntryKind",
    "Hold",
    "HoldState",
    "InstanceStatus",
    "LedgerEntry",
    "Plan",
]
