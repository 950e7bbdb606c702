"""The addresses of this application on both surfaces, each with its one view."""

from django.urls import path

from stt_web.core.documentation import documented_as
from transcripts.api.audio import show_audio
from transcripts.api.catalog import show_formats, show_languages, show_models
from transcripts.api.cloud import CloudView
from transcripts.api.guests import ClaimView
from transcripts.api.peaks import show_peaks
from transcripts.api.transcripts import CancelView, TranscriptListView, TranscriptView
from transcripts.comments.api import CommentListView, CommentView
from transcripts.dialects.assemblyai import api as assemblyai
from transcripts.dialects.assemblyai.redacted_audio import (
    find_redacted_audio,
    show_redacted_audio,
)
from transcripts.dialects.deepgram import api as deepgram
from transcripts.dialects.deepgram.live_grant import GrantView
from transcripts.dialects.deepgram.models import shown_to_deepgrams_clients
from transcripts.dialects.openai import api as openai
from transcripts.dialects.realtime.api import ClientSecretView
from transcripts.dialects.whisper_asr import api as whisper_asr
from transcripts.diarization import api as diarization_api
from transcripts.editing.api import replacing, revisions, segments
from transcripts.enhancement.api import enhance, enhancements
from transcripts.exports.api.archives import BulkExportView
from transcripts.exports.api.masked_audio import show_masked_audio
from transcripts.exports.api.views import export_transcript, lint_subtitles
from transcripts.gaps.api import GapView, resolve_gap
from transcripts.glossary.api import GlossaryFixesView, GlossaryView
from transcripts.imports.api import import_file
from transcripts.intelligence.api import (
    chat,
    library_chat,
    processing,
    results,
    speaker_suggestions,
    templates,
    text_jobs,
    texts,
)
from transcripts.intelligence.api.result_files import ResultFileView
from transcripts.intelligence.api.work import answer_in_background
from transcripts.jobs.api import jobs
from transcripts.jobs.api.account_events import stream_account_events
from transcripts.jobs.api.events import stream_events
from transcripts.jobs.api.transcribe import transcribe
from transcripts.retention.api import RetentionView
from transcripts.review.api import ReviewView
from transcripts.sharing.api import ShareListView, ShareView
from transcripts.uploads.api import views as uploads_views
from transcripts.voices.api import consent as voice_consent
from transcripts.voices.api import jobs as voice_jobs
from transcripts.voices.api.audio import show_speech
from transcripts.voices.api.speech import list_all_voices, make_speech
from transcripts.webhooks.api import views as webhooks_views

inference_urlpatterns = [
    path("transcribe", transcribe),
    path("enhance-audio", enhance.enhance_audio),
    path("uploads", uploads_views.UploadListView.as_view()),
    path("uploads/<uuid:upload_id>", uploads_views.show_upload),
    path("models", shown_to_deepgrams_clients(show_models)),
    path("models/<str:model>", openai.show_model),
    path("listen", deepgram.listen),
    path("audio/transcriptions", openai.create_transcription),
    path("audio/translations", openai.create_translation),
    path("auth/grant", GrantView.as_view()),
    path("realtime/client_secrets", ClientSecretView.as_view()),
    path("languages", show_languages),
    path("formats", show_formats),
    path("tts", make_speech),
    path("voices", list_all_voices),
    path("summarize", answer_in_background(texts.SummarizeView)),
    path("analyze", answer_in_background(texts.AnalyzeView)),
    path("generate", answer_in_background(texts.GenerateView)),
    path("embed", answer_in_background(texts.EmbedView)),
    path("translate", answer_in_background(texts.TranslateView)),
    path("translate/languages", answer_in_background(texts.TranslationLanguagesView)),
]
whisper_asr_urlpatterns = [
    path("asr", whisper_asr.transcribe),
    path("detect-language", whisper_asr.detect_language),
]
assemblyai_urlpatterns = [
    path("upload", assemblyai.upload_recording),
    path("transcript", assemblyai.RequestListView.as_view()),
    path("transcript/<uuid:request_id>", assemblyai.RequestView.as_view()),
    path("transcript/<uuid:request_id>/sentences", assemblyai.SentencesView.as_view()),
    path("transcript/<uuid:request_id>/paragraphs", assemblyai.ParagraphsView.as_view()),
    path("transcript/<uuid:request_id>/word-search", assemblyai.WordSearchView.as_view()),
    path("transcript/<uuid:request_id>/srt", assemblyai.SrtView.as_view()),
    path("transcript/<uuid:request_id>/vtt", assemblyai.VttView.as_view()),
    path("transcript/<uuid:request_id>/redacted-audio", find_redacted_audio),
    path("redacted-audio", show_redacted_audio),
]
management_urlpatterns = [
    path("events/", stream_account_events),
    path("cloud/", CloudView.as_view(), name="cloud"),
    path("enhancements/", enhancements.EnhancementListView.as_view()),
    path(
        "enhancements/<uuid:enhancement_id>/",
        enhancements.EnhancementView.as_view(),
        name="enhancement",
    ),
    path("enhancements/<uuid:enhancement_id>/audio/", enhancements.show_enhanced_audio),
    path("enhancements/<uuid:enhancement_id>/events/", enhancements.stream_enhancement),
    path("transcripts/", TranscriptListView.as_view()),
    path("transcripts/<uuid:transcript_id>/", TranscriptView.as_view(), name="transcript"),
    path("transcripts/<uuid:transcript_id>/cancel/", CancelView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/events/",
        stream_events,
    ),
    path("transcripts/claim/", ClaimView.as_view(), name="transcript_claim"),
    path("transcripts/export/", BulkExportView.as_view()),
    path("transcripts/import/", import_file),
    path(
        "transcripts/<uuid:transcript_id>/export/lint/",
        lint_subtitles,
    ),
    path(
        "transcripts/<uuid:transcript_id>/export/<str:format_name>/",
        export_transcript,
    ),
    path(
        "transcripts/<uuid:transcript_id>/audio/",
        show_audio,
    ),
    path(
        "transcripts/<uuid:transcript_id>/redacted-audio/",
        show_masked_audio,
    ),
    path("transcripts/<uuid:transcript_id>/shares/", ShareListView.as_view()),
    path("transcripts/<uuid:transcript_id>/shares/<uuid:share_id>/", ShareView.as_view()),
    path("transcripts/<uuid:transcript_id>/peaks/", show_peaks),
    path("transcripts/<uuid:transcript_id>/review/", ReviewView.as_view()),
    path("transcripts/<uuid:transcript_id>/comments/", CommentListView.as_view()),
    path("transcripts/<uuid:transcript_id>/comments/<uuid:comment_id>/", CommentView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/", segments.SegmentListView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/merge/", segments.MergeView.as_view()),
    path("transcripts/<uuid:transcript_id>/segments/move-words/", segments.MoveWordsView.as_view()),
    path("transcripts/<uuid:transcript_id>/occurrences/", replacing.OccurrencesView.as_view()),
    path("transcripts/<uuid:transcript_id>/replace/", replacing.ReplaceView.as_view()),
    path("transcripts/<uuid:transcript_id>/changes/", revisions.ChangesView.as_view()),
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
    path("transcripts/<uuid:transcript_id>/diarize/", diarization_api.RecountView.as_view()),
    path("transcripts/<uuid:transcript_id>/embeddings/", diarization_api.EmbeddingsView.as_view()),
    path("transcripts/<uuid:transcript_id>/revisions/", revisions.RevisionListView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/revisions/<int:number>/diff/",
        revisions.DifferenceView.as_view(),
    ),
    path(
        "transcripts/<uuid:transcript_id>/revisions/<int:number>/restore/",
        revisions.RestoreView.as_view(),
    ),
    path(
        "transcripts/<uuid:transcript_id>/revisions/<int:number>/revert/",
        revisions.RevertView.as_view(),
    ),
    path("transcripts/<uuid:transcript_id>/jobs/", jobs.JobListView.as_view()),
    path("transcripts/<uuid:transcript_id>/jobs/<uuid:job_id>/", jobs.JobView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/summarize/",
        answer_in_background(results.TranscriptSummaryView),
    ),
    path(
        "transcripts/<uuid:transcript_id>/analyze/",
        answer_in_background(results.TranscriptAnalysisView),
    ),
    path(
        "transcripts/<uuid:transcript_id>/generate/",
        answer_in_background(results.TranscriptContentView),
    ),
    path(
        "transcripts/<uuid:transcript_id>/translate/",
        answer_in_background(results.TranscriptTranslationView),
    ),
    path(
        "transcripts/<uuid:transcript_id>/speaker-suggestions/",
        answer_in_background(speaker_suggestions.SpeakerSuggestionsView),
    ),
    path(
        "transcripts/<uuid:transcript_id>/speaker-suggestions/dismiss/",
        speaker_suggestions.NameDismissalView.as_view(),
    ),
    path("transcripts/<uuid:transcript_id>/chat/", chat.chat),
    path("transcripts/<uuid:transcript_id>/chat/<uuid:chat_id>/", chat.ConversationView.as_view()),
    path("transcripts/<uuid:transcript_id>/results/", results.ResultListView.as_view()),
    path(
        "transcripts/<uuid:transcript_id>/results/<uuid:result_id>/", results.ResultView.as_view()
    ),
    path(
        "transcripts/<uuid:transcript_id>/results/<uuid:result_id>/export/<str:format_name>/",
        ResultFileView.as_view(),
    ),
    path("chat/", library_chat.library_chat),
    path("chat/<uuid:library_chat_id>/", library_chat.LibraryConversationView.as_view()),
    path("text-jobs/", text_jobs.TextJobListView.as_view()),
    path("text-jobs/<uuid:text_job_id>/", text_jobs.TextJobView.as_view()),
    path("voice-jobs/", voice_jobs.VoiceJobListView.as_view()),
    path("voice-jobs/<uuid:voice_job_id>/", voice_jobs.VoiceJobView.as_view(), name="voice_job"),
    path("voice-jobs/<uuid:voice_job_id>/audio/", show_speech, name="voice_job_audio"),
    path("voice-consent/", voice_consent.VoiceConsentView.as_view(), name="voice_consent"),
    path("templates/", templates.TemplateListView.as_view()),
    path("templates/<str:template_id>/", templates.TemplateView.as_view()),
    path("processing/", processing.ProcessingView.as_view()),
    path("glossary/", GlossaryView.as_view()),
    path("transcripts/<uuid:transcript_id>/glossary-fixes/", GlossaryFixesView.as_view()),
    path("retention/", RetentionView.as_view()),
    path("webhooks/", webhooks_views.EndpointListView.as_view()),
    path("webhooks/<uuid:endpoint_id>/", webhooks_views.EndpointView.as_view()),
    path("webhooks/<uuid:endpoint_id>/secret/rotate/", webhooks_views.SecretRotationView.as_view()),
    path("webhooks/<uuid:endpoint_id>/test/", webhooks_views.TestEventView.as_view()),
    path("webhooks/<uuid:endpoint_id>/deliveries/", webhooks_views.DeliveryListView.as_view()),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/",
        webhooks_views.DeliveryView.as_view(),
    ),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/replay/",
        webhooks_views.ReplayView.as_view(),
    ),
]
