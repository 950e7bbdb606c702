"""The addresses of this application's pages below `/billing/`."""

from django.urls import path

from billing.pages.payments import go_to_checkout, go_to_portal, show_billing

urlpatterns = [
    path("", show_billing, name="billing"),
    path("checkout/", go_to_checkout, name="billing_checkout"),
    path("portal/", go_to_portal, name="billing_portal"),
]
