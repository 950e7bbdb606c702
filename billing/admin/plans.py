"""What is sold: plans and credit packs, which operators edit."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.operator_admin import EditableAdmin
from billing.models import CreditPack, Plan


@admin.register(Plan)
class PlanAdmin(EditableAdmin):
    list_display = (
        "id",
        "name",
        "monthly_minutes",
        "max_file_bytes",
        "concurrency",
        "requests_per_minute",
        "text_requests_per_minute",
        "price_cents",
        "is_metered",
        "has_private_cloud",
    )
    ordering = ("id",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("id",) if obj is not None else ()  # another id would be another plan


@admin.register(CreditPack)
class CreditPackAdmin(EditableAdmin):
    list_display = ("id", "name", "credits", "price_cents", "currency", "is_offered")
    ordering = ("credits",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("id",) if obj is not None else ()
