"""Where people come back to from Stripe's pages."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from billing.payments.checkout import ReturnAddresses


def find_billing_page(request: HttpRequest) -> str:
    path = reverse("billing")
    return (
        f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    )


def find_return_addresses(request: HttpRequest) -> ReturnAddresses:
    page = find_billing_page(request)
    return ReturnAddresses(success_url=f"{page}?paid=1", cancel_url=page)
