"""What is sold: plans and credit packs, which operators edit."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.operator_admin import EditableAdmin, ReasonModelForm
from billing.models import CreditPack, Plan
from billing.templatetags.sizes import format_size

_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,12})?)\s*([kmgt]b)", re.IGNORECASE)


class SizeField(forms.Field):
    """A size as people write it, in units of 1000; its value is bytes. 0: no limit.

    A number without a unit is refused: it may mean bytes to one and megabytes to another.
    """

    default_error_messages = {  # Django's own is no ClassVar
        "invalid": _("Write a number and its unit, such as 500 MB or 2 GB; 0 is no limit.")
    }

    def prepare_value(self, value: Any) -> Any:
        """Return bytes as they are entered, exactly; what was entered stays as it is."""
        if not isinstance(value, int) or not value:
            return value
        unit = next((each for each in reversed(_UNITS) if value >= _UNITS[each]), "kB")
        return f"{(Decimal(value) / _UNITS[unit]).normalize():f} {unit}"

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError."""
        text = "" if value is None else str(value).strip()
        if not text.strip("0"):
            return 0 if text else None
        match = _SIZE.fullmatch(text)
        if match is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        unit = "kB" if match[2][0] in "kK" else match[2].upper()
        return int(Decimal(match[1].replace(",", ".")) * _UNITS[unit])


class EditedPlanForm(ReasonModelForm):
    max_file_bytes = SizeField(
        label=_("Largest file"),
        help_text=_("With its unit, such as 500 MB or 2 GB (1 GB is 1000 MB). 0: no limit."),
    )


@admin.register(Plan)
class PlanAdmin(EditableAdmin):
    form = EditedPlanForm
    list_display = (
        "id",
        "name",
        "monthly_minutes",
        "max_file",
        "concurrency",
        "requests_per_minute",
        "text_requests_per_minute",
        "price_cents",
        "is_metered",
        "has_private_cloud",
    )
    ordering = ("id",)

    @admin.display(description=_("Largest file"), ordering="max_file_bytes")
    def max_file(self, plan: Plan) -> str:
        return format_size(plan.max_file_bytes) if plan.max_file_bytes else gettext("No limit")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("id",) if obj is not None else ()  # another id would be another plan


@admin.register(CreditPack)
class CreditPackAdmin(EditableAdmin):
    list_display = ("id", "name", "credits", "price_cents", "currency", "is_offered")
    ordering = ("credits",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("id",) if obj is not None else ()
