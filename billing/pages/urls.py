"""The addresses of this application's pages below `/account/`."""

from django.urls import path

from billing.pages.views import show_account, show_usage

urlpatterns = [
    path("", show_account, name="account"),
    path("usage/", show_usage, name="account_usage"),
]
