"""Where people come back to from Stripe's pages."""

from django.http import HttpRequest
from django.urls import reverse

from billing.payments.checkout import ReturnAddresses
from stt_web.core.public_address import absolute_url


def find_billing_page(request: HttpRequest) -> str:
    return absolute_url(request, reverse("billing"))


def find_return_addresses(request: HttpRequest) -> ReturnAddresses:
    page = find_billing_page(request)
    return ReturnAddresses(success_url=f"{page}?paid=1", cancel_url=page)
