"""Of several fetches of one Stripe object, the latest counts.

Two events about one object may be handled at once: both fetch it, and the one that saw the older
state may write last. So a fetch is numbered before it begins, and is applied only if none with a
higher number was. A change after a fetch began has an event, and so a fetch, of its own.
Numbers come from the database: clocks of several machines don't matter.
"""

from django.db import transaction
from django.db.models import F

from billing.models import StripeObject


def begin_fetch(object_id: str) -> int:
    """Return the number of a new fetch; call it before fetching."""
    with transaction.atomic():
        StripeObject.objects.get_or_create(pk=object_id)
        StripeObject.objects.filter(pk=object_id).update(fetches=F("fetches") + 1)
        return StripeObject.objects.values_list("fetches", flat=True).get(pk=object_id)


def is_latest_fetch(object_id: str, *, fetch_number: int) -> bool:
    """True if this fetch is the latest; then the object is the caller's until its transaction ends.

    The update locks the row, so that two fetches of one object are applied one after the other.
    """
    claimed = StripeObject.objects.filter(pk=object_id, latest_applied__lt=fetch_number)
    return claimed.update(latest_applied=fetch_number) == 1
