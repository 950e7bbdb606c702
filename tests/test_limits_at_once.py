"""Every "at most N" of stored things holds when requests come together, in any process.

PostgreSQL (STT_TEST_DATABASE) is where this can fail: SQLite holds one write lock for all.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.keys import issue, throttle
from accounts.mail import notify as notices
from accounts.models import ApiKey, User
from accounts.principals import Principal
from billing.anonymous import AnonymousLimitError, count_anonymous_use
from billing.models import AnonymousUse, Plan
from billing.plans import ANONYMOUS_PLAN
from billing.quotas import limits_for
from billing.request_rates import RateLimitError, count_request
from stt_web.core.errors import ApiError
from tests.accounts.key_throttle import reset_key_throttle
from tests.billing.conftest import create_account, run_at_once
from tests.transcripts.jobs.test_submit import admit
from tests.transcripts.live.conftest import ask_for
from tests.transcripts.rows import claim_transcript, create_transcript
from transcripts.comments.models import Comment
from transcripts.comments.services import MAX_COMMENTS, write_comment
from transcripts.jobs.concurrency import running
from transcripts.live.admission import admit_session, resume_session
from transcripts.live.close import pause
from transcripts.live.journal import Journal
from transcripts.models import Status, Transcript
from transcripts.models.transcript import Source
from transcripts.sharing import links
from transcripts.sharing.models import ShareLink
from transcripts.uploads.create import create_upload
from transcripts.uploads.models import ResumableUpload
from transcripts.webhooks import endpoints
from transcripts.webhooks.models import WebhookEndpoint

ROOT = Path(__file__).resolve().parent.parent
WEB_TIER = ("stt_web", "accounts", "billing", "transcripts")
AT_ONCE = 16

# Counted in stored rows: each has a test below.
OF_ROWS = {
    "accounts/keys/issue.py:MAX_KEYS",
    "accounts/keys/throttle.py:MAX_UNKNOWN_KEYS",
    "accounts/mail/notify.py:MAX_AN_HOUR",
    "stt_web/settings.py:MAX_OPEN_TRANSCRIPTS",
    "stt_web/settings.py:MAX_OPEN_UPLOADS",
    "transcripts/comments/services.py:MAX_COMMENTS",
    "transcripts/review/queue.py:_MAX_ACCEPTED",
    "transcripts/sharing/links.py:MAX_LINKS",
    "transcripts/webhooks/endpoints.py:MAX_ENDPOINTS",
}
# Counted in one row, and moved on by compare-and-set or under the row's lock.
OF_ONE_ROW = {
    "accounts/mail/outbox.py:MAX_TRIES",
    "stt_web/settings.py:MAX_STALLED_TRIES",
    "transcripts/editing/api/serializers.py:MAX_TAGS",  # the list is replaced as a whole
    "transcripts/jobs/stages/recognise.py:MAX_BROKEN_TRIES",
    "transcripts/webhooks/delivery.py:MAX_TRIES",
}
# Bounds of one request, file, message or list: no other request has a part in it.
OF_ONE_REQUEST = (
    "accounts/operator_admin.py",
    "accounts/keys/cache.py",
    "accounts/keys/throttle.py:_MAX_REMEMBERED",
    "billing/admin/",
    "billing/management/",
    "stt_web/",
    "transcripts/admin.py",
    "transcripts/api/",
    "transcripts/comments/services.py:MAX_TEXT",
    "transcripts/dialects/",
    "transcripts/diarization/",
    "transcripts/editing/",
    "transcripts/exports/",
    "transcripts/gaps/",
    "transcripts/imports/",
    "transcripts/inference/",
    "transcripts/jobs/",
    "transcripts/live/",
    "transcripts/media/",
    "transcripts/option_kinds.py",
    "transcripts/pages/",
    "transcripts/review/risks.py",
    "transcripts/search/",
    "transcripts/services/",
    "transcripts/sharing/",
    "transcripts/text/",
    "transcripts/voices/",
    "transcripts/webhooks/",
)
_CONSTANT = re.compile(r"^(_?MAX_[A-Z_]+)\s*(?::[^=]+)?=", re.MULTILINE)


def constants() -> Iterator[str]:
    for part in WEB_TIER:
        for path in (ROOT / part).rglob("*.py"):
            for name in _CONSTANT.findall(path.read_text()):
                yield f"{path.relative_to(ROOT)}:{name}"


def test_every_limit_is_of_a_known_kind() -> None:
    found = set(constants())
    assert found >= OF_ROWS | OF_ONE_ROW
    unknown = [name for name in found - OF_ROWS - OF_ONE_ROW if not name.startswith(OF_ONE_REQUEST)]
    assert unknown == []


def test_rows_are_counted_only_where_a_lock_is_named() -> None:
    """`count() >= limit` outside of a transaction with a lock is no limit."""
    for part in WEB_TIER:
        for path in (ROOT / part).rglob("*.py"):
            text = path.read_text()
            if re.search(r"\.count\(\) *>=? *[\w.]*(MAX_|limit)", text):
                assert re.search(r"select_for_update|lock_transcript|hold_open", text), path


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except ApiError:
        return True
    return False


def run_refused(call: Callable[[], object]) -> int:
    """Call it AT_ONCE times together; return how often it was refused."""
    return sum(run_at_once([partial(refused, call)] * AT_ONCE))


@pytest.fixture
def user(transactional_db: None) -> User:
    account = create_account(minutes=10_000)
    assert account.user is not None
    return account.user


@pytest.mark.database
def test_resumable_uploads(user: User, settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT, settings.MAX_OPEN_UPLOADS = tmp_path, 3
    headers = {"upload-length": "10"}
    create = partial(create_upload, user, headers, limits=limits_for(user), source=Source.API)
    assert run_refused(create) == AT_ONCE - 3
    assert ResumableUpload.objects.count() == len(list(tmp_path.iterdir())) == 3


@pytest.mark.database
@pytest.mark.usefixtures("transactional_db")
def test_resumable_uploads_of_guests(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    headers = {"upload-length": "10"}
    create = partial(
        create_upload,
        None,
        headers,
        limits=limits_for(None),
        source=Source.API,
        address="192.0.2.1",
    )
    assert run_refused(create) == AT_ONCE - 3
    assert ResumableUpload.objects.count() == len(list(tmp_path.iterdir())) == 3


@pytest.mark.database
def test_comments(user: User) -> None:
    transcript = create_transcript(owner=user, status=Status.COMPLETED)
    transcript.segments.create(key="k", position=0, start_ms=0, end_ms=1, text="One two")
    Comment.objects.bulk_create(
        Comment(transcript=transcript, segment_key="k") for _ in range(MAX_COMMENTS - 3)
    )
    write = partial(write_comment, transcript, user, segment="k", quote="two", offset=4, text="?")
    assert run_refused(write) == AT_ONCE - 3
    assert Comment.objects.count() == MAX_COMMENTS


@pytest.mark.database
def test_keys(user: User) -> None:
    ApiKey.objects.bulk_create(
        ApiKey(user=user, name=str(n), prefix=f"p{n}", digest=f"{n:064x}")
        for n in range(issue.MAX_KEYS - 3)
    )
    refusals = run_refused(
        lambda: issue.issue_requested_key(
            user, asked_with=None, name="x", scopes=(), expires_at=None
        )
    )
    assert (refusals, user.api_keys.count()) == (AT_ONCE - 3, issue.MAX_KEYS)


@pytest.mark.database
def test_webhook_endpoints(user: User) -> None:
    refusals = run_refused(lambda: endpoints.create_endpoint(user, url="https://example.com/hook"))
    assert refusals == AT_ONCE - endpoints.MAX_ENDPOINTS
    assert WebhookEndpoint.objects.count() == endpoints.MAX_ENDPOINTS


@pytest.mark.database
def test_share_links(user: User) -> None:
    transcript = create_transcript(owner=user, status=Status.COMPLETED)
    ShareLink.objects.bulk_create(
        ShareLink(transcript=transcript, token_digest=f"{n:064x}")
        for n in range(links.MAX_LINKS - 3)
    )
    refusals = run_refused(lambda: links.create_share(transcript))
    assert (refusals, ShareLink.objects.count()) == (AT_ONCE - 3, links.MAX_LINKS)


@pytest.mark.database
def test_open_transcripts(user: User, settings: Settings) -> None:
    settings.MAX_OPEN_TRANSCRIPTS = 5
    account = user.billing_account
    calls = [partial(refused, partial(admit, account, number=number)) for number in range(AT_ONCE)]
    assert sum(run_at_once(calls)) == AT_ONCE - 5
    assert Transcript.objects.count() == 5


@pytest.mark.database
def test_synchronous_recordings_and_live_sessions_together(user: User) -> None:
    """A recording that waits for its worker is counted by recordings, and by workers at the claim;
    a live session, which can't wait, counts what runs."""
    limit = limits_for(user).concurrency
    account = user.billing_account
    calls = [
        partial(refused, partial(admit, account, number=number, is_async=False))
        for number in range(AT_ONCE)
    ]
    lives = [partial(refused, partial(admit_session, ask_for(account)))] * AT_ONCE
    mixed = [call for pair in zip(calls, lives, strict=True) for call in pair]
    admitted = 2 * AT_ONCE - sum(run_at_once(mixed))
    assert limit <= admitted <= 2 * limit
    assert Transcript.objects.count() == admitted
    waiting = Transcript.objects.filter(status=Status.QUEUED).values_list("pk", flat=True)
    assert len(waiting) <= limit
    run_at_once([partial(claim_transcript, pk) for pk in waiting])
    assert running().count() == limit


@pytest.mark.database
def test_recordings_that_workers_begin(user: User) -> None:
    limit = limits_for(user).concurrency
    waiting = [
        admit(user.billing_account, number=number).transcript.pk for number in range(AT_ONCE)
    ]
    claims = run_at_once([partial(claim_transcript, pk) for pk in waiting])
    assert sum(claim is not None for claim in claims) == limit
    assert running().count() == limit


@pytest.mark.database
def test_live_sessions_that_go_on(user: User, settings: Settings, tmp_path: Path) -> None:
    assert_few_go_on(user, settings, tmp_path, limit=limits_for(user).concurrency)


@pytest.mark.database
def test_live_sessions_of_a_guest_that_go_on(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> None:
    plan = Plan.objects.get(pk=ANONYMOUS_PLAN)
    Plan.objects.filter(pk=plan.pk).update(daily_transcriptions=100)
    assert_few_go_on(None, settings, tmp_path, limit=plan.concurrency)


def assert_few_go_on(user: User | None, settings: Settings, folder: Path, *, limit: int) -> None:
    settings.MEDIA_ROOT = folder
    account = user.billing_account if user is not None else None
    tokens = []
    for _ in range(8):
        admitted = admit_session(ask_for(account))
        Journal(admitted.folder, attempt=1, start_samples=0).close()
        pause(admitted.job, journalled_ms=0)
        tokens.append(admitted.resume_token)
    calls = [
        partial(refused, partial(resume_session, ask_for(account, resume_token=token)))
        for token in tokens
    ]
    assert sum(run_at_once(calls)) == len(tokens) - limit
    assert running().count() == limit


@pytest.mark.database
def test_what_a_guest_may_have_a_day(transactional_db: None) -> None:
    Plan.objects.filter(pk=ANONYMOUS_PLAN).update(daily_transcriptions=5)
    now, counted = timezone.now(), 0
    for answer in run_at_once([partial(_counts, now)] * AT_ONCE):
        counted += answer
    assert (counted, AnonymousUse.objects.get().count) == (5, 5)


def _counts(now: object) -> bool:
    try:
        count_anonymous_use("192.0.2.3", now=now)  # type: ignore[arg-type]
    except AnonymousLimitError:
        return False
    return True


@pytest.mark.database
def test_requests_a_minute(user: User) -> None:
    user.billing_account.plan.requests_per_minute = 5
    user.billing_account.plan.save()
    limits, now = limits_for(user), timezone.now()

    def is_limited() -> bool:
        try:
            count_request(Principal(user=user), limits=limits, now=now)
        except RateLimitError:
            return True
        return False

    limit = limits.requests_per_minute
    assert sum(run_at_once([is_limited] * (limit + AT_ONCE))) == AT_ONCE


@pytest.mark.database
def test_unknown_keys_of_an_address(transactional_db: None) -> None:
    reset_key_throttle()
    now = timezone.now()
    calls = [partial(throttle.count_unknown_key, "192.0.2.4", now=now)]
    run_at_once(calls * (throttle.MAX_UNKNOWN_KEYS - 1))
    throttle.check_key_throttle("192.0.2.4", now=now)
    run_at_once(calls)
    with pytest.raises(throttle.KeyThrottledError):
        throttle.check_key_throttle("192.0.2.4", now=now)
    reset_key_throttle()


@pytest.mark.database
def test_mails_of_a_kind_an_hour(user: User) -> None:
    from allauth.account.models import EmailAddress

    from accounts.mail.outbox import MailContent
    from accounts.models import OutgoingMail

    EmailAddress.objects.create(user=user, email="a@example.com", primary=True, verified=True)

    def write() -> MailContent:
        return MailContent(subject="x", paragraphs=["y"])

    kind = "key_created"
    run_at_once(
        [
            partial(notices.notify, user, kind=kind, key=str(number), write=write)
            for number in range(notices.MAX_AN_HOUR + AT_ONCE)
        ]
    )
    assert OutgoingMail.objects.filter(kind=kind).count() == notices.MAX_AN_HOUR
