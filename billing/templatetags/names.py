"""The names of plans and packs, in the language of the page."""

from django import template

from billing.models import CreditPack, Plan
from billing.payments.offers import name_pack
from billing.plans import name_plan

register = template.Library()


@register.filter
def name_of(offered: Plan | CreditPack) -> str:
    return name_plan(offered) if isinstance(offered, Plan) else name_pack(offered)
