"""What of a person's is here: ledger and invoices, to be handed over. The amounts stay."""

from collections.abc import Iterator

from accounts.models import User
from accounts.services.export import as_json
from accounts.services.user_data import ExportFile
from billing.cloud import remove_instances
from billing.models import BillingAccount, Hold, LedgerEntry
from billing.payments.invoice_pdf import render_invoice
from billing.payments.invoices import list_invoices
from billing.payments.subscriptions import cancel_subscriptions


def export_billing(user: User) -> Iterator[ExportFile]:
    """Yield plan and credits, what was used, and every movement of the ledger."""
    account = BillingAccount.objects.filter(user=user).first()
    if account is None:
        return
    entries = LedgerEntry.objects.filter(account=account).order_by("created_at", "pk")
    holds = Hold.objects.filter(account=account).order_by("created_at", "pk")
    document = {
        "plan": account.plan_id,
        "credits": account.credits_available,
        "jobs": list(
            holds.values(
                "reference",
                "kind",
                "state",
                "billed_ms",
                "settled_allowance_minutes",
                "settled_credit_minutes",
                "created_at",
            )
        ),
        "movements": list(
            entries.values("kind", "bucket", "amount", "reference", "reason", "created_at")
        ),
    }
    yield ExportFile(name="billing.json", content=as_json(document))
    for invoice in list_invoices(account).select_related("payment"):
        yield ExportFile(name=f"invoices/{invoice.number}.pdf", content=render_invoice(invoice))


def remove_person(user: User) -> None:
    """End subscriptions, and detach the person from the amounts. Invoices still name the buyer.

    Raises StripeUnavailableError: to be done again then, or they would be charged for ever.
    """
    account = BillingAccount.objects.filter(user=user).first()
    if account is None:
        return
    cancel_subscriptions(account)
    remove_instances(account)
    BillingAccount.objects.filter(pk=account.pk).update(user=None)
