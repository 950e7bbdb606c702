"""The addresses of this application below `/api/v1/`."""

from django.urls import path

from accounts.api.keys import KeyListView, KeyView

management_urlpatterns = [
    path("keys/", KeyListView.as_view(), name="keys"),
    path("keys/<str:key_id>/", KeyView.as_view(), name="key"),
]
