"""The addresses of the pages."""

from django.urls import path

from transcripts.enhancement.pages import show_enhance
from transcripts.exports.pages import export_chosen
from transcripts.glossary.pages import show_glossary
from transcripts.intelligence.pages import account as account_pages
from transcripts.live.pages import show_live
from transcripts.pages import home, library, transcript
from transcripts.pages.ask import show_ask
from transcripts.retention import pages as retention_pages
from transcripts.sharing.pages import links
from transcripts.sharing.pages.shared import (
    show_shared,
    show_shared_audio,
    show_shared_peaks,
    show_shared_subtitles,
    show_shared_words,
)
from transcripts.uploads import pages as uploads_pages
from transcripts.voices import pages as voices_pages
from transcripts.webhooks import pages as webhooks_pages

urlpatterns = [
    path("", home.show_home, name="home"),
    path("start/", home.show_start, name="start"),
    path("record/", uploads_pages.show_record, name="record"),
    path("upload/", uploads_pages.upload_without_script, name="upload_plain"),
    path("live/", show_live, name="live"),
    path("ask/", show_ask, name="ask"),
    path("enhance/", show_enhance, name="enhance"),
    path("transcripts/", library.show_transcripts, name="transcripts"),
    path("transcripts/export/", export_chosen, name="transcripts_export"),
    path("transcripts/<uuid:transcript_id>/", transcript.show_transcript, name="transcript_page"),
    path("transcripts/<uuid:transcript_id>/delete/", transcript.delete, name="transcript_delete"),
    path(
        "transcripts/<uuid:transcript_id>/again/",
        transcript.transcribe_again,
        name="transcript_again",
    ),
    path("transcripts/<uuid:transcript_id>/share/", links.show_shares, name="transcript_shares"),
    path(
        "transcripts/<uuid:transcript_id>/share/<uuid:share_id>/revoke/",
        links.revoke,
        name="transcript_share_revoke",
    ),
    path("account/retention/", retention_pages.show_retention, name="account_retention"),
    path("account/glossary/", show_glossary, name="account_glossary"),
    path("account/processing/", account_pages.show_processing, name="account_processing"),
    path(
        "account/templates/<str:template_id>/",
        account_pages.show_template,
        name="account_template",
    ),
    path(
        "account/templates/<str:template_id>/delete/",
        account_pages.delete_template,
        name="account_template_delete",
    ),
    path("account/voices/", voices_pages.show_voices, name="account_voices"),
    path("account/voices/consent/", voices_pages.change_consent, name="account_voices_consent"),
    path("webhooks/", webhooks_pages.show_webhooks, name="webhooks"),
    path("webhooks/<uuid:endpoint_id>/", webhooks_pages.show_webhook, name="webhook"),
    path("webhooks/<uuid:endpoint_id>/rotate/", webhooks_pages.rotate, name="webhook_rotate"),
    path("webhooks/<uuid:endpoint_id>/switch/", webhooks_pages.switch, name="webhook_switch"),
    path("webhooks/<uuid:endpoint_id>/test/", webhooks_pages.test, name="webhook_test"),
    path("webhooks/<uuid:endpoint_id>/delete/", webhooks_pages.delete, name="webhook_delete"),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/replay/",
        webhooks_pages.replay,
        name="webhook_replay",
    ),
    path("s/<str:token>/", show_shared, name="shared"),
    path("s/<str:token>/audio/", show_shared_audio, name="shared_audio"),
    path("s/<str:token>/peaks/", show_shared_peaks, name="shared_peaks"),
    path("s/<str:token>/subtitles/", show_shared_subtitles, name="shared_subtitles"),
    path("s/<str:token>/words/", show_shared_words, name="shared_words"),
]
