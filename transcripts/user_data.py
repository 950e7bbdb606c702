"""What of a person's is here: transcripts, recordings, webhooks; to be handed over or removed.

Registered with `accounts.services.user_data`, when the application is loaded.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User
from accounts.services.user_data import ExportFile
from stt_web.core import media_store
from transcripts.enhancement.files import result_path
from transcripts.enhancement.models import Enhancement
from transcripts.enhancement.sweep import remove_enhancements
from transcripts.exports.document import load_document
from transcripts.exports.render import render
from transcripts.glossary.models import GlossaryTerm
from transcripts.intelligence.models import ChatSession, NoteTemplate, ProcessingRule, TextJob
from transcripts.jobs.cancel import delete_transcript
from transcripts.models import Revision, Transcript
from transcripts.retention.models import RetentionPolicy
from transcripts.services.recordings import recording_path
from transcripts.uploads.create import delete_upload
from transcripts.uploads.errors import UploadBytesLostError, UploadLockedError
from transcripts.uploads.held import delete_held
from transcripts.uploads.models import HeldRecording, ResumableUpload
from transcripts.uploads.receive import fetch_whole
from transcripts.voices.finish import delete_voice_job
from transcripts.voices.models import VoiceConsent, VoiceJob, VoiceReferenceUse
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint


def export_user_data(user: User) -> Iterator[ExportFile]:
    """Yield all files. Lazy: one at a time."""
    yield from export_transcripts(user)
    yield from export_chats(user)
    yield from export_webhooks(user)
    yield from export_retention(user)
    yield from export_processing(user)
    yield from export_enhancements(user)
    yield from export_glossary(user)
    yield from export_voices(user)
    yield from export_uploads(user)


def export_transcripts(user: User) -> Iterator[ExportFile]:
    """Yield each transcript as JSON and as text, and its recording. Lazy: one at a time."""
    own = Transcript.objects.filter(owner=user)
    ids = list(own.order_by("created_at").values_list("pk", flat=True))
    for transcript_id in ids:
        transcript = Transcript.objects.filter(pk=transcript_id).first()
        if transcript is not None:
            yield from _export_transcript(transcript)


def export_chats(user: User) -> Iterator[ExportFile]:
    """Yield the conversations over the library; those about one transcript lie beside it."""
    sessions = ChatSession.objects.filter(owner=user, transcript=None).order_by("created_at")
    if described := [_describe_chat(session) for session in sessions]:
        yield _as_json("chats.json", described)


def export_processing(user: User) -> Iterator[ExportFile]:
    """Yield the person's templates, what is made of transcripts by itself, and the answers to texts
    that are stored for a day.
    """
    templates = NoteTemplate.objects.filter(owner=user).values("id", "name", "sections")
    rules = ProcessingRule.objects.filter(owner=user).values("tag", "steps", "template")
    answered = TextJob.objects.filter(owner=user, transcript=None)
    answers = answered.values("id", "operation", "status", "created_at", "answer")
    found = {"templates": list(templates), "rules": list(rules), "answers": list(answers)}
    if any(found.values()):
        yield _as_json("processing.json", found)


def export_voices(user: User) -> Iterator[ExportFile]:
    """Yield what the person agreed to, what references were used for, and the speech of a day."""
    consents = VoiceConsent.objects.filter(owner=user).values("terms", "agreed_at", "revoked_at")
    uses = VoiceReferenceUse.objects.filter(owner=user).values(
        "sha256", "duration_ms", "speech_ms", "consent", "terms", "used_at"
    )
    jobs = VoiceJob.objects.filter(owner=user).order_by("created_at")
    made = jobs.values("id", "status", "voice", "language", "duration_ms", "created_at")
    found = {"consents": list(consents), "references": list(uses), "speech": list(made)}
    if any(found.values()):
        yield _as_json("voices.json", found)
    for job in jobs.exclude(path=""):
        yield ExportFile(name=f"speech/{job.pk}.wav", path=Path(settings.MEDIA_ROOT) / job.path)


def export_webhooks(user: User) -> Iterator[ExportFile]:
    """Yield where the person has events sent, and what was sent lately. Secrets stay out."""
    endpoints = [
        {
            "id": endpoint.pk,
            "url": endpoint.url,
            "description": endpoint.description,
            "events": endpoint.events,
            "created_at": endpoint.created_at,
            "disabled_at": endpoint.disabled_at,
            "disabled_reason": endpoint.disabled_reason,
            "deliveries": _describe_deliveries(endpoint),
        }
        for endpoint in WebhookEndpoint.objects.filter(owner=user, transcript=None).order_by(
            "created_at"
        )
    ]
    if endpoints:
        yield _as_json("webhooks.json", endpoints)


def export_retention(user: User) -> Iterator[ExportFile]:
    """Yield the person's retention policy, if any."""
    policy = RetentionPolicy.objects.filter(owner=user).values("audio_days", "transcript_days")
    if found := policy.first():
        yield _as_json("retention.json", found)


def export_enhancements(user: User) -> Iterator[ExportFile]:
    """Yield the enhanced recordings of the last day."""
    for enhancement in Enhancement.objects.filter(owner=user).order_by("created_at"):
        if media_store.exists(result_path(enhancement.pk)):
            yield ExportFile(
                name=f"enhanced/{enhancement.created_at:%Y-%m-%d} {enhancement.pk}.wav",
                path=result_path(enhancement.pk),
            )


def export_glossary(user: User) -> Iterator[ExportFile]:
    """Yield the person's glossary, if there are terms in it."""
    if terms := list(GlossaryTerm.objects.filter(owner=user).values("tag", "text", "misheard")):
        yield _as_json("glossary.json", terms)


def export_uploads(user: User) -> Iterator[ExportFile]:
    """Yield what has arrived of recordings whose upload isn't complete."""
    unfinished = ResumableUpload.objects.filter(owner=user, transcript_id=None, is_refused=False)
    uploads = list(unfinished.order_by("created_at"))
    if uploads:
        yield _as_json("uploads/about.json", [_describe_upload(upload) for upload in uploads])
    for upload in uploads:
        # A part is arriving, or some are lost: what of it is here.
        with suppress(UploadLockedError, UploadBytesLostError):
            fetch_whole(upload)
        yield ExportFile(name=f"uploads/{upload.pk}.part", path=upload.path)


def _describe_upload(upload: ResumableUpload) -> dict[str, object]:
    return {
        "id": upload.pk,
        "file_name": upload.file_name,
        "options": upload.fields,
        "bytes": upload.offset_bytes,
        "bytes_in_all": upload.length_bytes,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
    }


def remove_transcripts(user: User) -> None:
    """Delete them all, running ones too; also one that was being sent when the account closed."""
    remove_enhancements(user)
    for upload in ResumableUpload.objects.filter(owner=user):
        delete_upload(upload)
    for held in HeldRecording.objects.filter(owner=user):
        delete_held(held)
    transcripts = Transcript.objects.filter(owner=user)
    while (transcript := transcripts.first()) is not None:
        delete_transcript(transcript, cause="account")
    for job in VoiceJob.objects.filter(owner=user):
        delete_voice_job(job)


def _export_transcript(transcript: Transcript) -> Iterator[ExportFile]:
    folder = f"transcripts/{transcript.created_at:%Y-%m-%d} {transcript.pk}"
    yield _as_json(f"{folder}/about.json", _describe(transcript))
    document = load_document(transcript)
    for name in ("verbose_json", "txt"):
        ending = name.removeprefix("verbose_")
        yield ExportFile(name=f"{folder}/transcript.{ending}", content=render(document, name)[0])
    if transcript.recording.path:
        file_name = transcript.recording.file_name.replace("\\", "/").rpartition("/")[2].lstrip(".")
        yield ExportFile(
            name=f"{folder}/{file_name or 'recording'}", path=recording_path(transcript)
        )


def _describe(transcript: Transcript) -> dict[str, object]:
    """Return what the transcript's own JSON lacks: how it was found, changed and handed on."""
    links = transcript.share_links.values("created_at", "expires_at", "revoked_at")
    changes = Revision.objects.filter(transcript=transcript).order_by("number")
    return {
        "tags": [tag.name for tag in transcript.tags.all()],
        "language_note": transcript.language_note,
        "shared_links": list(links),  # of the address itself only a digest is stored
        "revisions": list(changes.values("number", "action", "created_at", "restored", "changes")),
        "results": list(
            transcript.results.values(
                "kind", "name", "model", "revision", "text", "body", "is_edited", "created_at"
            )
        ),
        "chats": [_describe_chat(session) for session in transcript.chat_sessions.all()],
    }


def _describe_chat(session: ChatSession) -> dict[str, object]:
    turns = session.turns.values("question", "answer", "sources", "model", "created_at")
    return {"id": session.pk, "created_at": session.created_at, "turns": list(turns)}


def _describe_deliveries(endpoint: WebhookEndpoint) -> list[dict[str, object]]:
    deliveries = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("created_at")
    return [
        {
            "id": delivery.message_id,
            "event": delivery.event,
            "status": delivery.status,
            "created_at": delivery.created_at,
            "finished_at": delivery.finished_at,
            "body": json.loads(delivery.body),
        }
        for delivery in deliveries.iterator(chunk_size=500)
    ]


def _as_json(name: str, content: object) -> ExportFile:
    text = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    return ExportFile(name=name, content=text.encode())
