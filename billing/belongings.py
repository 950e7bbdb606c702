"""What of a person's is here: the ledger, to be handed over. It stays, without the person."""

from collections.abc import Iterator

from accounts.models import User
from accounts.services.belongings import ExportFile
from accounts.services.export import as_json
from billing.models import BillingAccount, Hold, LedgerEntry


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
                "heard_ms",
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


def remove_person(user: User) -> None:
    """Part the person from the amounts."""
    BillingAccount.objects.filter(user=user).update(user=None)
