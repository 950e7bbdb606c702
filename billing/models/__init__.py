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
from billing.models.payments import (
    Checkout,
    CreditPack,
    DisputeState,
    Invoice,
    InvoiceKind,
    InvoiceSeries,
    Payment,
    StripeCustomer,
    StripeEvent,
    StripeObject,
    Subscription,
)

__all__ = [
    "Allowance",
    "AnonymousUse",
    "BillingAccount",
    "Bucket",
    "Checkout",
    "CloudInstance",
    "CreditPack",
    "DisputeState",
    "EntryKind",
    "Hold",
    "HoldState",
    "InstanceStatus",
    "Invoice",
    "InvoiceKind",
    "InvoiceSeries",
    "LedgerEntry",
    "Payment",
    "Plan",
    "StripeCustomer",
    "StripeEvent",
    "StripeObject",
    "Subscription",
]
