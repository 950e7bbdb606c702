"""Access to billing objects: those of the caller's account; others are not found."""

from uuid import UUID

from billing.models import BillingAccount, Invoice
from stt_web.core.errors import ApiError


class InvoiceNotFoundError(ApiError):
    """There is none with this id, or it is another account's."""

    status = 404
    code = "not_found"


def get_invoice(account: BillingAccount, invoice_id: str) -> Invoice:
    """Return the account's invoice. Raises InvoiceNotFoundError, also for another account's."""
    try:
        return Invoice.objects.select_related("payment").get(account=account, pk=UUID(invoice_id))
    except (ValueError, Invoice.DoesNotExist):
        raise InvoiceNotFoundError("You have no such invoice.") from None
