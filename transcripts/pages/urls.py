"""Pages: the front page, where one recording can be tried."""

from django.urls import path

from transcripts.pages import library, library_export, retention, sharing, transcript, webhooks
from transcripts.pages.live import show_live
from transcripts.pages.shared import show_shared, show_shared_audio
from transcripts.pages.views import show_home

urlpatterns = [
    path("", show_home, name="home"),
    path("live/", show_live, name="live"),
    path("transcripts/", library.show_transcripts, name="transcripts"),
    path("transcripts/export/", library_export.export_chosen, name="transcripts_export"),
    path("transcripts/<uuid:transcript_id>/", transcript.show_transcript, name="transcript_page"),
    path("transcripts/<uuid:transcript_id>/delete/", transcript.delete, name="transcript_delete"),
    path(
        "transcripts/<uuid:transcript_id>/again/",
        transcript.transcribe_again,
        name="transcript_again",
    ),
    path("transcripts/<uuid:transcript_id>/share/", sharing.show_shares, name="transcript_shares"),
    path(
        "transcripts/<uuid:transcript_id>/share/<uuid:share_id>/revoke/",
        sharing.revoke,
        name="transcript_share_revoke",
    ),
    path("account/retention/", retention.show_retention, name="account_retention"),
    path("webhooks/", webhooks.show_webhooks, name="webhooks"),
    path("webhooks/<uuid:endpoint_id>/", webhooks.show_webhook, name="webhook"),
    path("webhooks/<uuid:endpoint_id>/rotate/", webhooks.rotate, name="webhook_rotate"),
    path("webhooks/<uuid:endpoint_id>/switch/", webhooks.switch, name="webhook_switch"),
    path("webhooks/<uuid:endpoint_id>/test/", webhooks.test, name="webhook_test"),
    path("webhooks/<uuid:endpoint_id>/delete/", webhooks.delete, name="webhook_delete"),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/replay/",
        webhooks.replay,
        name="webhook_replay",
    ),
    path("s/<str:token>/", show_shared, name="shared"),
    path("s/<str:token>/audio/", show_shared_audio, name="shared_audio"),
]
