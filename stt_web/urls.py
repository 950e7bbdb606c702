"""The URL map: the inference surface `/v1/`, the management surface `/api/v1/`, pages."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
