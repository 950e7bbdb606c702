"""bench leaves nothing behind, plans by its time, and says what it can't measure, and why."""

import threading
import time
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.authentication import AuthenticationError, authenticate_token
from accounts.models import ApiKey, User
from billing.ledger import grant_credits
from billing.models import BillingAccount, Hold, LedgerEntry, Plan
from billing.plans import account_for
from stt_web.operations.bench.account import DOMAIN, MeteredPlanError, bench_account
from stt_web.operations.bench.budget import Budget
from stt_web.operations.bench.figures import BenchReport, Figure, Skipped, quantile
from stt_web.operations.bench.run import run_bench
from stt_web.operations.bench.server import MeasuredServer
from stt_web.operations.bench.tier import measure_library
from stt_web.operations.sample import read_speech
from tests.e2e.processes import free_port
from tests.transcripts.conftest import write_wav
from tests.transcripts.rows import create_transcript
from transcripts.models import Recording, Transcript


def rows() -> dict[str, int]:
    models = (User, ApiKey, BillingAccount, Hold, LedgerEntry, Transcript, Recording)
    return {model.__name__: model._default_manager.count() for model in models}


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_an_account_for_measuring_goes_with_all_it_made(settings: LazySettings) -> None:
    before = rows()
    with bench_account() as key:
        user = authenticate_token(key).user
        account = account_for(user)
        assert not account.plan.is_metered
        write_wav(settings.MEDIA_ROOT / "bench" / "recording", seconds=1)
        made = create_transcript(owner=user, path="bench/recording")
        Hold.objects.create(reference=str(made.pk), account=account, billed_ms=5000)
    assert rows() == before
    assert not (settings.MEDIA_ROOT / "bench" / "recording").exists()
    with pytest.raises(AuthenticationError):
        authenticate_token(key)


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_run_left_goes_with_the_next() -> None:
    before = rows()
    left = User.objects.create_user(f"left@{DOMAIN}")
    running = User.objects.create_user(f"running@{DOMAIN}")
    User.objects.filter(pk=left.pk).update(date_joined=timezone.now() - timedelta(hours=1))
    with bench_account():
        assert not User.objects.filter(pk=left.pk).exists()
        assert User.objects.filter(pk=running.pk).exists()
    running.delete()
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_metered_is_not_measured_on() -> None:
    before = rows()
    Plan.objects.filter(pk="local").update(is_metered=True)
    with pytest.raises(MeteredPlanError), bench_account():
        raise AssertionError("was let in")
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_without_servers_each_figure_that_is_missing_has_its_reason(settings: LazySettings) -> None:
    settings.INFERENCE_TARGET = f"127.0.0.1:{free_port()}"
    before = rows()
    began = time.monotonic()
    report = run_bench(f"http://127.0.0.1:{free_port()}", within_s=30)
    assert time.monotonic() - began < 30
    missing = {each.name: each.reason for each in report.skipped}
    assert missing.keys() == {"recogniser", "clips", "live_sessions", "upload"}
    assert "inference service" in missing["recogniser"]
    assert missing["clips"] == "The web server was not reached: see --url."
    assert rows() == before


@pytest.mark.django_db
def test_list_and_search_are_measured_on_the_largest_library() -> None:
    owner = User.objects.create_user("ann@example.com")
    grant_credits(account_for(owner), amount=5, reference="test", reason="test")
    for _ in range(21):  # more than a page
        create_transcript(owner=owner)
    before = rows()
    found = {each.name: each for each in measure_library(Budget(100), lists=2, searches=3)}
    assert found.keys() == {"list", "search"}
    assert "the most transcripts (21)" in found["list"].detail
    assert found["list"].value > 0
    assert rows() == before


def test_the_server_is_called_by_a_name_that_it_answers_to(settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["stt.example.com"]
    assert MeasuredServer("http://10.0.0.7:8000", "key").host == "stt.example.com"
    settings.ALLOWED_HOSTS = ["10.0.0.7", "stt.example.com"]
    assert MeasuredServer("http://10.0.0.7:8000", "key").host == "10.0.0.7:8000"


def test_what_runs_past_its_time_is_cancelled() -> None:
    cancelled = threading.Event()
    with Budget(0.05).watching(cancelled.set):
        assert cancelled.wait(2)
    quick = threading.Event()
    with Budget(0.05).watching(quick.set):
        pass
    assert not quick.wait(0.2)


def test_no_two_clips_are_the_same_and_all_are_speech() -> None:
    clips = [read_speech(2, shift=shift) for shift in range(40)]
    assert {len(clip) for clip in clips} == {64_000}
    assert len(set(clips)) == 40


def test_the_table_has_every_figure_and_what_is_missing() -> None:
    figure = Figure(name="upload", value=12.5, unit="MB/s", detail="8 MB, 3 times")
    report = BenchReport(
        machine={"cores": 2}, figures=[figure], skipped=[Skipped(name="clips", reason="Away.")]
    )
    lines = "\n".join(report.as_table())
    assert "12.5 MB/s" in lines
    assert "Away." in lines
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([], 0.95) == float("inf")


@pytest.mark.parametrize("seconds", ["5", "601"])
def test_the_time_is_bounded(seconds: str) -> None:
    with pytest.raises(CommandError, match="--seconds"):
        call_command("bench", "--seconds", seconds)
