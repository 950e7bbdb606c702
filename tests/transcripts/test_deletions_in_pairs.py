"""What is deleted while it is changed, read or sent: the other verb answers that it isn't there,
never with an error of the database, and nothing is left of what was deleted.

Each pair meets round after round, and once in the order in which the row is read before it is
deleted. Run on PostgreSQL (STT_TEST_DATABASE) and SQLite.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.keys.issue import issue_api_key, revoke_api_key
from accounts.models import ApiKey, User
from accounts.services.account_deletion import close_account, delete_closed_accounts
from billing.models import BillingAccount
from stt_web.core.errors import ApiError
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.jobs.test_submit import admit
from tests.transcripts.live.conftest import ask_for
from tests.transcripts.meeting import ROUNDS, Verb, check_agreement, finished, meet
from tests.transcripts.test_verbs_in_pairs import endpoint_of, paused_session, pending, resume
from transcripts.diarization.voices import analyse_voices, queue_analysis
from transcripts.editing.align_edits import align_edit
from transcripts.editing.draft import Editing
from transcripts.editing.models import EditAlignment
from transcripts.exports.options import ExportOptions
from transcripts.exports.worker_exports import describe_export, make_export, order_export
from transcripts.intelligence import chat, library_chat, results
from transcripts.intelligence.answers import ChatAnswer
from transcripts.intelligence.library_routes import LibraryAnswer
from transcripts.intelligence.models import ChatSession, ChatTurn, ResultKind, StoredResult
from transcripts.jobs.cancel import delete_transcript
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.second_pass import order_second_pass
from transcripts.live.admission import admit_session
from transcripts.models import Transcript
from transcripts.retention.models import RetentionPolicy
from transcripts.retention.policy import apply_retention
from transcripts.sharing.links import create_share, find_share, revoke_share
from transcripts.sharing.models import ShareLink
from transcripts.webhooks import endpoints
from transcripts.webhooks.delivery import claim_due, record
from transcripts.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from transcripts.webhooks.sender import Answer

pytestmark = pytest.mark.database


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    return create_account(minutes=100_000)


@pytest.fixture(autouse=True)
def agrees(transactional_db: None) -> Iterator[None]:
    yield
    check_agreement()


def meet_and_miss(
    make: Callable[[], tuple[Verb, Verb]], nothing_left: Callable[[], object]
) -> None:
    """Let two new ones meet, round after round; then the first behind the second.
    `nothing_left` asserts what holds after each.
    """
    for _ in range(ROUNDS):
        meet(*make())
        nothing_left()
    verb, deletion = make()
    deletion()
    (outcome,) = meet(verb)
    assert outcome is None or isinstance(outcome, ApiError), outcome
    nothing_left()


def a_result(transcript: Transcript) -> StoredResult:
    body = {"model": "extractive", "summary": "Short."}
    return results.store_result(
        transcript, kind=ResultKind.SUMMARY, name="brief", body=body, revision=0
    )


def edit_result(transcript: Transcript) -> Verb:
    return partial(results.edit_result, a_result(transcript), text="Edited.")


def ask(transcript: Transcript, session: ChatSession | None = None) -> Verb:
    answered = chat.Answered(ChatAnswer("Yes.", True, (), "extractive", True), None)
    question = chat.ChatQuestion("Is it?", "", None, (), (), 0, "")  # type: ignore[arg-type]  # not read
    owner = transcript.owner
    assert owner is not None
    return partial(
        chat.store_turn, answered, question, user=owner, transcript=transcript, session=session
    )


CHANGES: dict[str, Callable[[Transcript], Verb]] = {
    "share": lambda transcript: partial(create_share, transcript),
    "store a result": lambda transcript: partial(a_result, transcript),
    "edit a result": edit_result,
    "ask": ask,
    "order a second pass": lambda transcript: partial(
        order_second_pass, transcript, transcript.job.options
    ),
    "queue an analysis": lambda transcript: partial(
        queue_analysis, Editing(transcript, transcript.owner), speakers=0
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_transcript_is_changed_while_it_is_deleted(
    account: BillingAccount, make_transcript: MakeTranscript, change: str
) -> None:
    def make() -> tuple[Verb, Verb]:
        transcript = finished(make_transcript, account)
        return CHANGES[change](transcript), partial(delete_transcript, transcript)

    def nothing_left() -> None:
        for model in (Transcript, TranscriptionJob, ShareLink, StoredResult, ChatTurn):
            assert not model.objects.exists(), model

    meet_and_miss(make, nothing_left)


def test_a_result_is_edited_while_it_is_deleted(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    transcript = finished(make_transcript, account)

    def make() -> tuple[Verb, Verb]:
        result = a_result(transcript)
        return partial(results.edit_result, result, text="Edited."), StoredResult.objects.filter(
            pk=result.pk
        ).delete

    meet_and_miss(make, lambda: _none_of(StoredResult))


@pytest.mark.parametrize("is_library", [False, True])
def test_a_conversation_goes_on_while_it_is_deleted(
    account: BillingAccount, make_transcript: MakeTranscript, is_library: bool
) -> None:
    transcript = finished(make_transcript, account)
    user = account.user
    assert user is not None

    def make() -> tuple[Verb, Verb]:
        about = None if is_library else transcript
        session = ChatSession.objects.create(owner=user, transcript=about)
        verb = ask_library(user, session) if is_library else ask(transcript, session)
        return verb, partial(chat.delete_session, ChatSession.objects.get(pk=session.pk))

    def nothing_left() -> None:
        _none_of(ChatSession)
        _none_of(ChatTurn)

    meet_and_miss(make, nothing_left)


def ask_library(user: User, session: ChatSession) -> Verb:
    answer = ChatAnswer("Yes.", True, (), "extractive", True)
    answered = LibraryAnswer(answer, frozenset(), searched=0)
    store = library_chat.store_library_turn
    return partial(store, answered, "Is it?", user=user, session=session, count=0)


ENDPOINT_VERBS: dict[str, Callable[[WebhookEndpoint], Verb]] = {
    "change": lambda row: partial(endpoints.update_endpoint, row, description="x"),
    "disable": lambda row: partial(endpoints.update_endpoint, row, is_enabled=False),
    "rotate": lambda row: partial(endpoints.rotate_secret, row),
    "test": lambda row: partial(endpoints.send_test, row),
    "replay": lambda row: partial(endpoints.replay, pending(row, 0)),
    "deliver": lambda row: _deliver(row),
}


def _deliver(row: WebhookEndpoint) -> Verb:
    pending(row, 0)
    (claim,) = claim_due(limit=1)

    def deliver() -> None:
        record(claim, Answer(status_code=200, duration_ms=1))

    return deliver


@pytest.mark.parametrize("verb", ENDPOINT_VERBS)
def test_an_endpoint_is_used_while_it_is_deleted(account: BillingAccount, verb: str) -> None:
    def make() -> tuple[Verb, Verb]:
        row = endpoint_of(account)
        twin = WebhookEndpoint.objects.get(pk=row.pk)
        return ENDPOINT_VERBS[verb](row), partial(endpoints.delete_endpoint, twin)

    def nothing_left() -> None:
        for model in (WebhookEndpoint, WebhookDelivery, WebhookAttempt):
            _none_of(model)

    meet_and_miss(make, nothing_left)


def _none_of(model: Any) -> None:
    assert not model.objects.exists(), model


def test_voices_are_searched_in_a_transcript_that_is_deleted(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    def make() -> tuple[Verb, Verb]:
        transcript = finished(make_transcript, account)
        queue_analysis(Editing(transcript, transcript.owner), speakers=0)
        return partial(analyse_voices, transcript.pk), partial(delete_transcript, transcript)

    meet_and_miss(make, lambda: _none_of(Transcript))


def test_a_link_is_read_while_it_is_revoked(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    transcript = finished(make_transcript, account)

    made: list[str] = []

    def make() -> tuple[Verb, Verb]:
        link, token = create_share(transcript)
        made.append(token)
        verb: Verb = lambda: find_share(token) and None  # noqa: E731
        return verb, partial(revoke_share, transcript, link.pk)

    def opens_nothing() -> None:
        with pytest.raises(ApiError):
            find_share(made[-1])

    meet_and_miss(make, opens_nothing)


def test_a_link_is_revoked_twice_and_its_transcript_deleted(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    for _ in range(ROUNDS):
        transcript = finished(make_transcript, account)
        link, token = create_share(transcript)
        revoke = partial(revoke_share, transcript, link.pk)
        meet(revoke, revoke, partial(delete_transcript, transcript))
        with pytest.raises(ApiError):
            find_share(token)
        _none_of(ShareLink)


def a_second_pass(account: BillingAccount, make: MakeTranscript) -> Verb:
    transcript = finished(make, account)
    return partial(order_second_pass, transcript, transcript.job.options)


ADMISSIONS: dict[str, Callable[[BillingAccount, MakeTranscript], Verb]] = {
    "a live session": lambda account, _: partial(admit_session, ask_for(account)),
    "a resumption": lambda account, _: resume(account, paused_session(account)),
    "an upload": lambda account, _: partial(admit, account),
    "a second pass": a_second_pass,
}


@pytest.mark.parametrize("admission", ADMISSIONS)
def test_an_account_closes_while_something_is_admitted(
    settings: Settings, tmp_path: Any, make_transcript: MakeTranscript, admission: str
) -> None:
    """What was admitted ends with the account."""
    settings.MEDIA_ROOT = tmp_path
    for _ in range(ROUNDS):
        account = create_account(minutes=100)
        user = account.user
        assert user is not None
        admitting = ADMISSIONS[admission](account, make_transcript)
        meet(admitting, partial(close_account, user), delete_closed_accounts)
        delete_closed_accounts()
        _none_of(Transcript)
        assert list(tmp_path.glob("*")) == []


def test_retention_deletes_while_a_worker_makes_an_export(
    settings: Settings, tmp_path: Any, account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    """No file outlives its transcript, and retention misses none."""
    settings.MEDIA_ROOT = tmp_path
    assert account.user is not None
    RetentionPolicy.objects.create(owner=account.user, transcript_days=1)
    later = timezone.now() + timedelta(days=2)

    def make() -> tuple[Verb, Verb]:
        transcript = finished(make_transcript, account)
        order_export(describe_export(transcript, format_name="txt", options=ExportOptions()))
        export = partial(make_export, transcript.pk, format_name="txt", options=ExportOptions())
        return export, partial(apply_retention, later)

    def nothing_left() -> None:
        _none_of(Transcript)
        assert list(tmp_path.glob("*/exports/*")) == []

    meet_and_miss(make, nothing_left)


def test_an_alignment_is_swept_while_its_transcript_is_deleted(
    account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    def make() -> tuple[Verb, Verb]:
        transcript = finished(make_transcript, account)
        row = EditAlignment.objects.create(
            transcript=transcript,
            segment_key=transcript.segments.get().key,
            revision=0,
            enqueued_at=timezone.now(),
        )
        return (
            partial(align_edit, row.pk, align=lambda _, segment: segment.words),
            partial(delete_transcript, transcript),
        )

    meet_and_miss(make, lambda: _none_of(EditAlignment))


def test_a_key_is_revoked_while_another_is_made(account: BillingAccount) -> None:
    user = account.user
    assert user is not None
    for _ in range(ROUNDS):
        key = issue_api_key(user, name="one")[0]
        revoke = partial(revoke_api_key, key)
        meet(revoke, revoke, partial(issue_api_key, user, name="two"))
        assert ApiKey.objects.get(pk=key.pk).revoked_at is not None
        ApiKey.objects.all().delete()
