"""Two accounts with one object of each kind, and every credential that a stranger may show."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from accounts.guest_tokens import make_guest_token
from accounts.keys.issue import SCOPES, issue_api_key
from accounts.models import User
from accounts.tickets import issue_ticket
from billing.models import Checkout, Invoice, InvoiceKind, Payment
from billing.quotas import account_for
from tests.accounts.pages.people import member
from tests.transcripts import rows
from transcripts.comments.models import Comment
from transcripts.enhancement.models import Enhancement
from transcripts.gaps.models import Gap
from transcripts.intelligence.models import ChatSession, NoteTemplate, StoredResult, TextJob
from transcripts.models import Segment, Speaker, Status, Transcript
from transcripts.sharing.links import create_share
from transcripts.uploads.models import AssemblyTranscript, ResumableUpload
from transcripts.voices.models import VoiceJob
from transcripts.webhooks.endpoints import create_endpoint, send_test

MISSING_UUID = "00000000-0000-4000-8000-000000000000"
# Of parameters that name no object of an account, but a part of one or a format.
PARTS = {"format_name": "txt", "number": "1", "model": "tiny"}


@dataclass(frozen=True)
class Credential:
    """How a request identifies its sender. `cookies`: those of a browser that has logged in."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    session_of: User | None = None

    @cached_property
    def client(self) -> Client:
        client = Client(headers=dict(self.headers), raise_request_exception=False)
        if self.session_of is not None:
            client.force_login(self.session_of)
        return client


@dataclass(frozen=True)
class Account:
    user: User
    raw_key: str
    share_token: str
    # By the name of the parameter in the URL table; `key` by the folder that it lies in.
    ids: Mapping[str, str]


def create_comment(transcript: Transcript, user: User) -> uuid.UUID:
    made = Comment.objects.create(
        transcript=transcript, segment_key=transcript.segments.get().key, author=user, text="Note"
    )
    return made.pk


def create_account(email: str) -> Account:
    user = member(email, is_staff=True)  # whose keys may have every scope
    api_key, raw = issue_api_key(user, name="first")
    transcript = create_transcript(user)
    share, token = create_share(transcript)
    endpoint, _ = create_endpoint(user, url="https://hooks.example.com/")
    session = UserSession.objects.create(
        user=user, session_key=uuid.uuid4().hex, ip="192.0.2.1", last_seen_at=timezone.now()
    )
    return Account(
        user=user,
        raw_key=raw,
        share_token=token,
        ids={
            "transcript_id": str(transcript.pk),
            "job_id": str(transcript.job_id),
            "share_id": str(share.pk),
            "segments/key": str(transcript.segments.get().key),
            "gaps/key": str(transcript.gaps.get().key),
            "endpoint_id": str(endpoint.pk),
            "delivery_id": str(send_test(endpoint).pk),
            "comment_id": str(create_comment(transcript, user)),
            "chat_id": str(ChatSession.objects.create(owner=user, transcript=transcript).pk),
            "library_chat_id": str(ChatSession.objects.create(owner=user, transcript=None).pk),
            "result_id": str(create_result(transcript).pk),
            "text_job_id": str(create_text_job(user).pk),
            "voice_job_id": str(create_voice_job(user).pk),
            "template_id": str(create_note_template(user).pk),
            "enhancement_id": str(create_enhancement(user).pk),
            "key_id": str(api_key.pk),
            "invoice_id": str(create_invoice(user).pk),
            "session_id": str(session.pk),
            "upload_id": str(create_upload(user).pk),
            "request_id": str(create_assembly_request(transcript, user).pk),
        },
    )


def missing_ids() -> dict[str, str]:
    return {
        "transcript_id": MISSING_UUID,
        "job_id": MISSING_UUID,
        "share_id": MISSING_UUID,
        "segments/key": "0123456789abcdef",
        "gaps/key": "0123456789abcdef",
        "endpoint_id": MISSING_UUID,
        "delivery_id": MISSING_UUID,
        "comment_id": MISSING_UUID,
        "chat_id": MISSING_UUID,
        "library_chat_id": MISSING_UUID,
        "result_id": MISSING_UUID,
        "text_job_id": MISSING_UUID,
        "voice_job_id": MISSING_UUID,
        "template_id": MISSING_UUID,
        "enhancement_id": MISSING_UUID,
        "key_id": MISSING_UUID,
        "invoice_id": MISSING_UUID,
        "session_id": "987654321",
        "upload_id": MISSING_UUID,
        "request_id": MISSING_UUID,
    }


def create_upload(user: User) -> ResumableUpload:
    now = timezone.now()
    return ResumableUpload.objects.create(
        owner=user,
        file_name="private.wav",
        length_bytes=1000,
        received_at=now,
        expires_at=now + timedelta(hours=1),
    )


def create_assembly_request(transcript: Transcript, user: User) -> AssemblyTranscript:
    return AssemblyTranscript.objects.create(
        owner=user,
        transcript=transcript,
        asked={"audio_url": "https://private.example.com/a.wav"},
        created_at=timezone.now(),
    )


def create_transcript(user: User) -> Transcript:
    transcript = rows.create_transcript(
        owner=user, status=Status.COMPLETED, title="Private title", language="en"
    )
    speaker = Speaker.objects.create(transcript=transcript, position=1, label="Speaker 1")
    Segment.objects.create(
        transcript=transcript,
        position=1,
        start_ms=0,
        end_ms=900,
        text="private words",
        words=[_word("private", 0, 400), _word("words", 500, 900)],
        confidence=0.9,
        speaker=speaker,
    )
    Gap.objects.create(transcript=transcript, start_ms=1000, end_ms=2000, reason="not_recognised")
    return transcript


def create_result(transcript: Transcript) -> StoredResult:
    return StoredResult.objects.create(
        transcript=transcript,
        kind="summary",
        name="brief",
        model="extractive",
        revision=0,
        text="private summary",
        body={"summary": "private summary"},
    )


def create_enhancement(user: User) -> Enhancement:
    return Enhancement.objects.create(
        owner=user,
        file_name="private.wav",
        size_bytes=1,
        probed_ms=1000,
        strength="standard",
        target_lufs=-16,
        status=Status.COMPLETED,
        model="gtcrn",
    )


def create_voice_job(user: User) -> VoiceJob:
    """One that failed: what is deleted of it is a row alone."""
    return VoiceJob.objects.create(
        owner=user,
        text="private words",
        characters=13,
        voice="jf_alpha",
        status=Status.FAILED,
        error_code="inference_error",
        error_message="The engine stopped.",
        error_status=503,
        estimated_minutes=1,
        hold_reference=uuid.uuid4().hex,
    )


def create_text_job(user: User) -> TextJob:
    return TextJob.objects.create(
        owner=user,
        operation="summarize",
        status=Status.COMPLETED,
        answer={"summary": "private answer"},
    )


def create_note_template(user: User) -> NoteTemplate:
    section = {"title": "Private section", "instruction": "", "source": "summary"}
    return NoteTemplate.objects.create(owner=user, name="Private template", sections=[section])


def create_invoice(user: User) -> Invoice:
    account = account_for(user)
    bought = {"account": account, "credits": 1, "amount_cents": 100, "currency": "eur"}
    checkout = Checkout.objects.create(name="Credits", plan=account.plan, **bought)
    payment = Payment.objects.create(
        checkout=checkout, reference=uuid.uuid4().hex, paid_at=timezone.now(), **bought
    )
    return Invoice.objects.create(
        number=f"INV-TEST-{uuid.uuid4().hex[:8]}",
        kind=InvoiceKind.INVOICE,
        account=account,
        payment=payment,
        description="Credits",
        amount_cents=100,
        currency="eur",
        vat_percent=Decimal(0),
        seller={"name": "", "address": "", "vat_id": ""},
        buyer={"name": "", "email": user.email, "address": ""},
        language="en",
        paid_at=timezone.now(),
        issued_at=timezone.now(),
    )


def list_credentials(account: Account) -> list[Credential]:
    """All that `account` could show, and what is none."""
    user = account.user
    raw = account.raw_key
    guest, _ = make_guest_token()
    basic = base64.b64encode(f"{user.email}:{raw}".encode()).decode()
    return [
        Credential("key", _bearer(raw)),
        *(Credential(f"key: {scope}", _bearer(_narrow_key(user, scope))) for scope in SCOPES),
        Credential("session", session_of=user),
        Credential("none"),
        Credential("ticket as bearer", _bearer(issue_ticket(user))),
        Credential("share token as bearer", _bearer(account.share_token)),
        Credential("guest token as bearer", _bearer(guest)),
        Credential("?token=", query=f"token={raw}"),
        Credential("?api_key=", query=f"api_key={raw}"),
        Credential("Basic", {"Authorization": f"Basic {basic}"}),
        Credential("forged identity", {"X-User": user.email, "X-Forwarded-User": str(user.pk)}),
    ]


def _narrow_key(user: User, scope: str) -> str:
    return issue_api_key(user, name=scope, scopes=[scope])[1]


def _bearer(raw: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw}"}


def _word(text: str, start_ms: int, end_ms: int) -> dict[str, object]:
    return {
        "word": text, "start_ms": start_ms, "end_ms": end_ms, "confidence": 0.9,
        "space_before": start_ms > 0, "timing": "aligned",
    }  # fmt: skip
