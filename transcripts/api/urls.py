"""The addresses of this application on both surfaces, each with its one view."""

from django.urls import path

from stt_web.openapi import documented_as
from transcripts.api import diarize, jobs, revisions, segments, webhooks
from transcripts.api import documentation as docs
from transcripts.api.audio import show_audio
from transcripts.api.bulk_export import BulkExportView
from transcripts.api.catalog import show_formats, show_languages, show_models
from transcripts.api.claim import ClaimView
from transcripts.api.cloud import CloudView
from transcripts.api.events import stream_events
from transcripts.api.export_documentation import (
    ExportDocumentation,
    ImportDocumentation,
    LintDocumentation,
)
from transcripts.api.exports import export_transcript, lint_subtitles
from transcripts.api.gaps import GapView, resolve_gap
from transcripts.api.imports import import_file
from transcripts.api.retention import RetentionView
from transcripts.api.sharing import ShareListView, ShareView
from transcripts.api.transcribe import transcribe
from transcripts.api.transcripts import CancelView, TranscriptListView, TranscriptView

inference_urlpatterns = [
    path("transcribe", documented_as(docs.TranscribeDocumentation)(transcribe)),
    path("models", documented_as(docs.ModelsDocumentation)(show_models)),
    path("languages", documented_as(docs.LanguagesDocumentation)(show_languages)),
    path("formats", documented_as(docs.FormatsDocumentation)(show_formats)),
]
management_urlpatterns = [
    path("cloud/", CloudView.as_view(), name="cloud"),
    path("transcripts/", TranscriptListView.as_view()),
    path("transcripts/<uuid:transcript_id>/", TranscriptView.as_view(), name="transcript"),
    path("transcripts/<uuid:transcript_id>/cancel/", CancelView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/events/",
        documented_as(docs.EventsDocumentation)(stream_events),
    ),
    path("transcripts/claim/", ClaimView.as_view(), name="transcript_claim"),
    path("transcripts/export/", BulkExportView.as_view()),
    path("transcripts/import/", documented_as(ImportDocumentation)(import_file)),
    path(
        "transcripts/<uuid:transcript_id>/export/lint/",
        documented_as(LintDocumentation)(lint_subtitles),
    ),
    path(
        "transcripts/<uuid:transcript_id>/export/<str:format_name>/",
        documented_as(ExportDocumentation)(export_transcript),
    ),
    path(
        "transcripts/<uuid:transcript_id>/audio/",
        documented_as(docs.AudioDocumentation)(show_audio),
    ),
    path("transcripts/<uuid:transcript_id>/shares/", ShareListView.as_view()),
    path("transcripts/<uuid:transcript_id>/shares/<uuid:share_id>/", ShareView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/", segments.SegmentListView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/merge/", segments.MergeView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/move-words/", segments.MoveWordsView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/<str:key>/", segments.SegmentView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/segments/<str:key>/split/", segments.SplitView.as_view()
    ),
    path(
        "transcripts/<uuid:transcript_id>/gaps/<str:key>/",
        documented_as(GapView)(resolve_gap),
    ),
    path("transcripts/<uuid:transcript_id>/speakers/", segments.SpeakerListView.as_view()),
    path("transcripts/<uuid:transcript_id>/speakers/merge/", segments.MergeSpeakersView.as_view()),
    path("transcripts/<uuid:transcript_id>/speakers/assign/", segments.AssignSpeakerView.as_view()),
    path("transcripts/<uuid:transcript_id>/speakers/<int:number>/", segments.SpeakerView.as_view()),
    path("transcripts/<uuid:transcript_id>/diarize/", diarize.RecountView.as_view()),
    path("transcripts/<uuid:transcript_id>/embeddings/", diarize.EmbeddingsView.as_view()),
    path("transcripts/<uuid:transcript_id>/revisions/", revisions.RevisionListView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/revisions/<int:number>/diff/",
        revisions.DifferenceView.as_view(),
    ),
    path(
        "transcripts/<uuid:transcript_id>/revisions/<int:number>/restore/",
        revisions.RestoreView.as_view(),
    ),
    path("transcripts/<uuid:transcript_id>/jobs/", jobs.JobListView.as_view()),
    path("transcripts/<uuid:transcript_id>/jobs/<uuid:job_id>/", jobs.JobView.as_view()),
    path("retention/", RetentionView.as_view()),
    path("webhooks/", webhooks.EndpointListView.as_view()),
    path("webhooks/<uuid:endpoint_id>/", webhooks.EndpointView.as_view()),
    path("webhooks/<uuid:endpoint_id>/secret/rotate/", webhooks.SecretRotationView.as_view()),
    path("webhooks/<uuid:endpoint_id>/test/", webhooks.TestEventView.as_view()),
    path("webhooks/<uuid:endpoint_id>/deliveries/", webhooks.DeliveryListView.as_view()),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/",
        webhooks.DeliveryView.as_view(),
    ),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/replay/",
        webhooks.ReplayView.as_view(),
    ),
]
