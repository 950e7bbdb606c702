"""The ledger and what explains it: read-only for operators."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.operator_admin import OperatorAdmin, link_to
from billing.models import Allowance, AnonymousUse, Hold, LedgerEntry


class OfAccountAdmin(OperatorAdmin):
    """Rows that belong to an account."""

    list_select_related: ClassVar[tuple[str, ...]] = ("account__user",)
    search_fields: ClassVar[tuple[str, ...]] = ("account__user__email",)

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("Account"), ordering="account__user__email")
    def of_account(self, row: Any) -> SafeString | str:
        return link_to(row.account, row.account.user or "deleted user")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(OfAccountAdmin):
    list_display = ("created_at", "of_account", "kind", "amount", "bucket", "reference", "reason")
    list_filter = ("kind", "bucket")
    search_fields = ("account__user__email", "=reference")
    ordering = ("-created_at", "-pk")
    fields = ("created_at", "of_account", "kind", "amount", "bucket", "reference", "reason")


@admin.register(Hold)
class HoldAdmin(OfAccountAdmin):
    list_display = (
        "created_at",
        "of_account",
        "kind",
        "state",
        "allowance_minutes",
        "credit_minutes",
        "reference",
    )
    list_filter = ("state", "kind")
    search_fields = ("account__user__email", "=reference")
    ordering = ("-created_at",)
    fields = (
        ("of_account", "reference"),
        ("kind", "state"),
        ("allowance_minutes", "credit_minutes", "extensions"),
        ("settled_allowance_minutes", "settled_credit_minutes", "billed_ms"),
        ("created_at", "closed_at"),
    )


@admin.register(Allowance)
class AllowanceAdmin(OfAccountAdmin):
    list_display = ("month", "of_account", "minutes_granted", "minutes_available")
    ordering = ("-month",)
    fields = ("month", "of_account", "minutes_granted", "minutes_available")


@admin.register(AnonymousUse)
class AnonymousUseAdmin(OperatorAdmin):
    """By digest: the address itself isn't stored."""

    list_display = ("day", "address_digest", "count")
    search_fields = ("=address_digest",)
    ordering = ("-day",)
