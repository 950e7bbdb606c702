"""Pages: the front page, where one recording can be tried."""

from django.urls import path

from transcripts.pages.views import show_home

urlpatterns = [path("", show_home, name="home")]
