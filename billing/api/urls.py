"""The addresses of this application below `/api/v1/`."""

from django.urls import path

from billing.api.payments import (
    CheckoutView,
    InvoiceListView,
    InvoiceView,
    OffersView,
    PortalView,
    StripeWebhookView,
)
from billing.api.views import AccountView, UsageView

management_urlpatterns = [
    path("account/", AccountView.as_view(), name="account"),
    path("usage/", UsageView.as_view(), name="usage"),
    path("billing/plans/", OffersView.as_view(), name="offers"),
    path("billing/checkout/", CheckoutView.as_view(), name="checkout"),
    path("billing/portal/", PortalView.as_view(), name="portal"),
    path("billing/invoices/", InvoiceListView.as_view(), name="invoices"),
    path("billing/invoices/<str:invoice_id>/", InvoiceView.as_view(), name="invoice"),
    path("billing/stripe/webhook/", StripeWebhookView.as_view(), name="stripe_webhook"),
]
