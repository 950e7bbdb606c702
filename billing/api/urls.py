"""The addresses of this application below `/api/v1/`."""

from django.urls import path

from billing.api.views import AccountView, UsageView

management_urlpatterns = [
    path("account/", AccountView.as_view(), name="account"),
    path("usage/", UsageView.as_view(), name="usage"),
]
