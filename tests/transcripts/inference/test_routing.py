"""Which of its own instances a Private Cloud account's work goes to: scripted gRPC servers."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction
from pytest_django import Settings

from accounts.models import User
from accounts.services.account_deletion import close_account
from billing.cloud import (
    InstanceDetails,
    drain_instance,
    read_token,
    remove_instance,
)
from billing.models import BillingAccount, CloudInstance, InstanceStatus
from billing.plans import change_plan
from billing.user_data import remove_person
from stt_web.core.encryption import MASK, UndecipherableError
from tests.billing.conftest import create_account
from tests.billing.instances import register_instance
from tests.e2e.processes import wait_until
from tests.test_architecture import ROOT, WEB_TIER, files_of, imports_of
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import run_transcript
from tests.transcripts.served_api import make_info
from transcripts.inference.errors import UnavailableError
from transcripts.inference.routing import NoInstanceError, inference_for
from transcripts.models import Status, Transcript

_numbers = itertools.count(1)


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    account = create_account(minutes=60)
    change_plan(account, plan_id="private")
    return account


@pytest.fixture
def one() -> Iterator[FakeInference]:
    with FakeInference(info=make_info()) as server:
        yield server


@pytest.fixture
def other() -> Iterator[FakeInference]:
    with FakeInference(info=make_info()) as server:
        yield server


def register(account: BillingAccount, server: FakeInference) -> CloudInstance:
    details = InstanceDetails(name=f"number {next(_numbers)}", target=server.target, is_tls=False)
    return register_instance(account, details)


def run(transcript: Transcript) -> Transcript:
    run_transcript(transcript.pk)
    transcript.refresh_from_db()
    return transcript


def start(transcript: Transcript) -> threading.Thread:
    def work() -> None:
        try:
            run_transcript(transcript.pk)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_instances_take_turns(
    fake: FakeInference,
    one: FakeInference,
    other: FakeInference,
    account: BillingAccount,
    make_transcript: MakeTranscript,
) -> None:
    register(account, one)
    register(account, other)

    for _ in range(4):
        assert run(make_transcript(seconds=1, account=account)).status == Status.COMPLETED

    assert (len(one.configs), len(other.configs), len(fake.configs)) == (2, 2, 0)


def test_a_draining_instance_gets_no_new_work(
    one: FakeInference,
    other: FakeInference,
    account: BillingAccount,
    make_transcript: MakeTranscript,
) -> None:
    drain_instance(register(account, one))
    register(account, other)

    for _ in range(2):
        run(make_transcript(seconds=1, account=account))

    assert (len(one.configs), len(other.configs)) == (0, 2)


def test_what_a_draining_instance_began_it_ends(
    one: FakeInference, account: BillingAccount, make_transcript: MakeTranscript
) -> None:
    instance = register(account, one)
    one.scripts.append(Script(windows=2, before_window=lambda _: drain_and_close(instance)))

    done = run(make_transcript(seconds=3, account=account, diarize=True))

    assert (done.status, len(one.configs), len(one.diarized)) == (Status.COMPLETED, 2, 1)


def test_a_job_goes_on_at_another_instance_when_its_own_is_removed(
    fake: FakeInference,
    one: FakeInference,
    other: FakeInference,
    account: BillingAccount,
    make_transcript: MakeTranscript,
) -> None:
    instance = register(account, one)
    transcript = make_transcript(seconds=4, account=account)
    one.scripts.append(Script(before_window=lambda number: remove_after(2, number, instance)))
    work = start(transcript)
    wait_until(lambda: not CloudInstance.objects.exclude(status="removed"), what="it is removed")
    register(account, other)
    work.join(20)

    transcript.refresh_from_db()
    assert transcript.status == Status.COMPLETED
    assert [each.text for each in transcript.segments.all()] == ["w0 w1 w2 w3"]
    assert (len(one.configs), len(other.configs), len(fake.configs)) == (1, 1, 0)


@pytest.mark.parametrize("has_instance", [True, False], ids=["down", "none"])
def test_without_an_instance_that_is_up_nothing_goes_anywhere(
    fake: FakeInference, one: FakeInference, account: BillingAccount, has_instance: bool
) -> None:
    if has_instance:
        register(account, one)
    one.stop()
    fake.info.CopyFrom(make_info())

    with pytest.raises(UnavailableError):
        inference_for(account.user).pick(model="tiny")
    with pytest.raises(NoInstanceError):
        inference_for(account.user).list_models()
    assert (fake.configs, fake.metadata) == ([], [])


def test_work_goes_where_its_model_is(
    one: FakeInference,
    other: FakeInference,
    account: BillingAccount,
    make_transcript: MakeTranscript,
) -> None:
    other.info.models.add(id="special", available=True, served_by="special", languages=["en"])
    register(account, one)
    register(account, other)

    for _ in range(2):
        run(make_transcript(seconds=1, account=account, model_requested="special"))

    assert (len(one.configs), len(other.configs)) == (0, 2)
    assert inference_for(account.user).resolve_model("special").id == "special"


def test_an_account_stays_with_its_instances_until_they_are_removed(
    fake: FakeInference, one: FakeInference, account: BillingAccount
) -> None:
    instance = register(account, one)
    change_plan(account, plan_id="free")
    assert inference_for(account.user).pick().server.target == one.target

    remove_instance(instance)
    assert inference_for(account.user).pick().server.target == fake.target


def test_work_of_a_client_who_leaves_goes_nowhere_else(
    fake: FakeInference, one: FakeInference, account: BillingAccount
) -> None:
    instance = register(account, one)
    user = account.user
    assert user is not None
    close_account(user)
    remove_person(user)

    with pytest.raises(UnavailableError):
        inference_for(user).pick()
    instance.refresh_from_db()
    assert instance.status == InstanceStatus.REMOVED

    user.delete()
    with pytest.raises(UnavailableError):
        inference_for(User(pk=uuid.uuid4())).pick()


def test_nothing_else_names_the_shared_servers() -> None:
    """Each caller of an inference server asks `inference_for` which."""
    users = {
        str(file.relative_to(ROOT))
        for part in WEB_TIER
        for file in files_of(part)
        if "transcripts.inference.servers.shared_server" in imports_of(file)
    }
    assert users == {
        "transcripts/inference/routing.py",
        "transcripts/inference/health.py",
        "stt_web/health.py",
        # The doctor asks each, bench the one that it measures.
        "stt_web/operations/inference_checks.py",
        "stt_web/operations/weights_checks.py",
        "stt_web/operations/bench/run.py",
        # What is installed on them.
        "stt_web/operations/models_api.py",
        "transcripts/operator_models.py",
        "transcripts/management/commands/check_mark.py",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"is_tls": False, "token": "secret"}, "token"),
        ({"token": "line\nbreak"}, "token"),
        ({"ca_pem": "no certificate"}, "ca_pem"),
        ({"target": "unix:/etc/passwd"}, "target"),
        ({"target": "host"}, "target"),
        ({"target": "host:99999"}, "target"),
        ({"name": ""}, "name"),
    ],
)
def test_an_instance_that_cannot_be_reached_safely_is_refused(
    changed: dict[str, object], field: str
) -> None:
    values: dict[str, object] = {"name": "one", "target": "host:50051", **changed}
    with pytest.raises(ValidationError) as refused:
        register_instance(create_account(), InstanceDetails(**values))  # type: ignore[arg-type]
    assert field in refused.value.message_dict
    assert not CloudInstance.objects.exists()


@pytest.mark.django_db
@pytest.mark.database
def test_the_database_refuses_a_token_without_tls() -> None:
    instance = register_instance(
        create_account(), InstanceDetails(name="one", target="host:1", token="secret")
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        CloudInstance.objects.filter(pk=instance.pk).update(is_tls=False)


@pytest.mark.django_db
def test_a_token_is_encrypted_at_rest_and_forgotten_on_removal(settings: Settings) -> None:
    details = InstanceDetails(name="one", target="host:50051", token="very-secret")
    instance = register_instance(create_account(), details)
    assert "very-secret" not in f"{details!r} {instance!r} {vars(instance)} {MASK}"
    assert read_token(instance) == "very-secret"

    settings.ENCRYPTION_KEYS = ["a new key"]  # the old one still opens it
    assert read_token(instance) == "very-secret"
    settings.SECRET_KEY = "another"
    with pytest.raises(UndecipherableError):
        read_token(instance)

    remove_instance(instance)
    instance.refresh_from_db()
    assert instance.token_encrypted == ""


def drain_and_close(instance: CloudInstance) -> None:
    drain_instance(instance)
    connections.close_all()  # this is a thread of the fake's


def remove_after(windows: int, number: int, instance: CloudInstance) -> None:
    if number == windows:
        stored = Transcript.objects.filter(job__resume_ms__gte=windows * 1000)
        wait_until(stored.exists, what="the windows are stored")
        remove_instance(instance)
        connections.close_all()
        time.sleep(0.2)  # several heartbeats: what comes after is noticed
