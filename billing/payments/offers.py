"""What is on sale: credit packs, and plans that have a price."""

from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db.models import Q, QuerySet
from django.utils.translation import gettext, gettext_noop

from billing.models import CreditPack, Plan
from billing.payments.errors import OfferNotFoundError
from billing.plans import ANONYMOUS_PLAN, FREE_PLAN

Row = TypeVar("Row", CreditPack, Plan)
# Put in where there are no packs at all; the rows are the operator's from then on.
_DEFAULT_PACKS: dict[str, dict[str, Any]] = {
    "credits-100": {"name": gettext_noop("100 credits"), "credits": 100, "price_cents": 500},
    "credits-500": {"name": gettext_noop("500 credits"), "credits": 500, "price_cents": 2_000},
    "credits-2000": {"name": gettext_noop("2000 credits"), "credits": 2_000, "price_cents": 6_000},
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A pack (`credits` at once) or a plan (every month), at `amount_cents` of `currency`."""

    pack: CreditPack | None = None
    plan: Plan | None = None

    @property
    def name(self) -> str:
        return str(self.pack or self.plan)

    @property
    def credits(self) -> int:
        return self.pack.credits if self.pack else 0

    @property
    def amount_cents(self) -> int:
        return self._row.price_cents

    @property
    def currency(self) -> str:
        return self._row.currency

    @property
    def _row(self) -> CreditPack | Plan:
        return cast("CreditPack | Plan", self.pack or self.plan)  # find_offer sets one of them


def name_pack(pack: CreditPack) -> str:
    """Return its name for a page: translated, unless an operator gave it another."""
    given = _DEFAULT_PACKS.get(pack.pk, {}).get("name")
    return gettext(pack.name) if pack.name == given else pack.name


def add_default_packs(*, using: str = "default") -> None:
    """Add the packs above to a database that has none."""
    packs = CreditPack.objects.using(using)
    if not packs.exists():
        packs.bulk_create(
            [CreditPack(id=pack_id, **fields) for pack_id, fields in _DEFAULT_PACKS.items()],
            ignore_conflicts=True,  # two servers that start at once
        )


def list_packs() -> QuerySet[CreditPack]:
    return CreditPack.objects.filter(is_offered=True).order_by("price_cents", "pk")


def list_public_plans() -> QuerySet[Plan]:
    """The plan that accounts start on, and those with a price, cheapest first."""
    return (
        Plan.objects.filter(Q(pk=FREE_PLAN) | Q(price_cents__gt=0))
        .exclude(pk=ANONYMOUS_PLAN)
        .order_by("price_cents", "pk")
    )


def find_offer(*, pack_id: str = "", plan_id: str = "") -> Offer:
    """Return what is on sale under one of the two. Raises OfferNotFoundError."""
    if bool(pack_id) == bool(plan_id):
        raise OfferNotFoundError("Name either a pack or a plan.")
    if pack_id:
        return Offer(pack=_find(list_packs(), pack_id, kind="pack"))
    return Offer(plan=_find(list_public_plans().filter(price_cents__gt=0), plan_id, kind="plan"))


def _find(rows: QuerySet[Row], row_id: str, *, kind: str) -> Row:
    found = rows.filter(pk=row_id).first()
    if found is None:
        known = ", ".join(rows.values_list("pk", flat=True)) or "none"
        raise OfferNotFoundError(f"There is no {kind} “{row_id[:50]}” on sale. There are: {known}.")
    return found
