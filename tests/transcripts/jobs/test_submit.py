"""The one transaction that lets a recording in: what it costs, and what it never lets happen."""

import contextlib
import threading
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing.ledger import NoCreditsError
from billing.models import BillingAccount, Hold
from billing.quotas import limits_for
from stt_web.core.upload_errors import UploadLostError
from stt_web.core.uploads import Upload
from tests.billing.conftest import create_account, run_at_once
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.submit import (
    LimitError,
    Submission,
    Submitted,
    admit_recording,
)
from transcripts.media import Probe
from transcripts.models import Transcript
from transcripts.options import TranscriptionOptions

pytestmark = pytest.mark.database


def make_upload(account: BillingAccount, *, number: int = 0) -> Upload:
    return Upload(
        path=Path(settings.MEDIA_ROOT) / f"{account.pk}-{number}" / "recording",
        file_name="speech.flac",
        size=1_000_000,
        sha256=f"{number:064x}",
        fields={},
    )


def admit(
    account: BillingAccount,
    *,
    number: int = 0,
    duration_ms: int = 30_000,
    is_async: bool = True,
    upload: Upload | None = None,
) -> Submitted:
    upload = upload or make_upload(account, number=number)
    assert account.user is not None
    submission = Submission(
        user=account.user,
        address="192.0.2.1",
        limits=limits_for(account.user),
        upload=upload,
        options=TranscriptionOptions(),
        is_async=is_async,
    )
    found = Probe(
        container="flac",
        codec="flac",
        duration_ms=duration_ms,
        channels=1,
        rate_hz=16_000,
        has_video=False,
    )
    return admit_recording(submission, found, now=timezone.now())


@pytest.mark.django_db
def test_a_recording_is_admitted_in_ten_statements_with_any_rows(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    account = create_account(minutes=600)
    for number in range(5):
        admit(account, number=number)
    # One for `limits_for`, which is the request's; two that are the savepoint of a test.
    with django_assert_max_num_queries(1 + 10 + 2):
        admit(account, number=6)


@pytest.mark.django_db
def test_a_recording_costs_the_minutes_it_has_begun() -> None:
    account = create_account(minutes=600)
    one = admit(account, number=1, duration_ms=60_000).transcript
    two = admit(account, number=2, duration_ms=60_001).transcript
    held = dict(Hold.objects.values_list("reference", "allowance_minutes"))
    assert held == {str(one.pk): 1, str(two.pk): 2}


@pytest.mark.django_db
def test_a_request_that_ended_while_it_was_admitted_leaves_nothing_behind() -> None:
    account = create_account(minutes=60)
    upload = make_upload(account)
    upload.end()  # the client has hung up, and the ingest with it
    with pytest.raises(UploadLostError):
        admit(account, upload=upload)
    assert not Transcript.objects.exists()
    assert not TranscriptionJob.objects.exists()
    assert not Hold.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wait_s", [0.0, 0.005, 0.02, 0.1])
def test_a_client_that_hangs_up_at_any_moment_never_costs_an_accepted_recording_its_file(
    wait_s: float,
) -> None:
    account = create_account(minutes=600)
    for number in range(10):
        upload = make_upload(account, number=number)
        upload.path.parent.mkdir(parents=True)
        upload.path.write_bytes(b"sound")
        ending = threading.Timer(wait_s * number / 10, upload.end)
        ending.start()
        with contextlib.suppress(UploadLostError):
            admit(account, upload=upload, number=number)
        ending.join()
        recording = str(upload.path.relative_to(settings.MEDIA_ROOT))
        assert upload.path.exists() == Transcript.objects.filter(recording__path=recording).exists()
    assert Hold.objects.count() == Transcript.objects.count()


@pytest.mark.django_db
def test_what_is_refused_leaves_nothing_behind() -> None:
    account = create_account(minutes=1)
    with pytest.raises(NoCreditsError):
        admit(account, duration_ms=60_001)
    assert not Transcript.objects.exists()
    assert not Hold.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_file_at_once_is_one_transcript_and_one_hold() -> None:
    account = create_account(minutes=600)
    admitted = run_at_once([partial(admit, account)] * 8)
    assert len({each.transcript.pk for each in admitted}) == 1
    assert sorted(each.is_joined for each in admitted) == [False] + [True] * 7
    assert Hold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_more_run_at_once_than_may_however_many_come() -> None:
    account = create_account(minutes=600)

    def is_let_in(number: int) -> bool:
        try:
            admit(account, number=number, is_async=False)
        except LimitError:
            return False
        return True

    let_in = run_at_once([partial(is_let_in, number) for number in range(8)])
    assert sum(let_in) == account.plan.concurrency
