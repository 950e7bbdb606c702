"""Finding an account and doing something about it; each with a reason, and in the audit log."""

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.keys.issue import issue_api_key
from accounts.models import ApiKey, AuditEntry, User
from billing.admin.plans import SizeField
from billing.ledger import grant_credits, place_hold, read_balance, settle_hold
from billing.models import Allowance, AnonymousUse, BillingAccount, Hold, LedgerEntry, Plan
from billing.quotas import account_for
from tests.accounts.operators import (
    BY_OPERATORS,
    Operator,
    action_of,
    last_entry,
    list_of,
    operator,
    page_of,
)
from tests.accounts.people import client_with, create_person
from tests.billing.conftest import create_account
from tests.transcripts.rows import create_transcript
from transcripts.jobs.models import TranscriptionJob

__all__ = ["operator"]  # fixtures

REFERENCE = "5f0c2f8e-6f0c-4a9e-9d43-111111111111"


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    account = create_account(credits=5, minutes=60)
    place_hold("a-job", account=account, minutes=2)
    settle_hold("a-job", billed_ms=61_000)
    return account


def test_an_account_is_found_and_shows_its_money(
    operator: Operator, account: BillingAccount
) -> None:
    assert account.user is not None
    found = operator.get(list_of(BillingAccount), data={"q": account.user.email})
    assert page_of(account) in found.content.decode()

    page = operator.get(page_of(account)).content.decode()
    assert "5 credits, 58 minutes of this month (2 used)" in page
    assert "2 minutes, 1 jobs" in page
    for model in (LedgerEntry, Hold, Allowance, TranscriptionJob, ApiKey):
        assert list_of(model) in page


@pytest.mark.parametrize("searched", ["nobody", "ann@", "5f0c2f8e", "%", "ž" * 300])
def test_any_search_is_answered(operator: Operator, searched: str) -> None:
    for model in (User, ApiKey, BillingAccount, LedgerEntry, Hold, TranscriptionJob, AuditEntry):
        assert operator.get(list_of(model), data={"q": searched}).status_code == 200


def test_credits_are_granted_with_a_reason_once(
    operator: Operator, account: BillingAccount
) -> None:
    for _ in range(2):  # a double click
        operator.act(account, "grant-credits", credits=30, reference=REFERENCE)

    assert read_balance(account).credits == 35
    entry = BY_OPERATORS.get()
    assert (entry.actor_email, entry.action) == (operator.user.email, "grant-credits")
    assert (entry.object_type, entry.object_id) == ("billing.billingaccount", str(account.pk))
    assert (entry.reason, entry.details) == ("ticket 7", {"credits": 30})


@pytest.mark.parametrize(
    "wrong",
    [{"credits": 0}, {"credits": -5}, {"credits": "many"}, {"reason": "  "}],
)
def test_a_grant_that_makes_no_sense_is_refused(
    operator: Operator, account: BillingAccount, wrong: dict[str, object]
) -> None:
    fields = {"credits": 1, "reference": REFERENCE, **wrong}
    answer = operator.act(account, "grant-credits", **fields)
    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert (read_balance(account).credits, BY_OPERATORS.count()) == (5, 0)


def test_a_plan_is_changed(operator: Operator, account: BillingAccount) -> None:
    before = account.plan_id
    operator.act(account, "change-plan", plan="paid")
    account.refresh_from_db()
    assert account.plan_id == "paid"
    assert last_entry().details == {"before": before, "after": "paid"}


def test_a_key_is_revoked(operator: Operator) -> None:
    person = create_person("ann@example.com")
    operator.act(person.api_key, "revoke-key")

    assert client_with(person.raw).get("/api/v1/account/").status_code == 401
    assert (last_entry().action, last_entry().object_id) == ("revoke-key", str(person.api_key.pk))
    again = operator.act(person.api_key, "revoke-key")
    assert (BY_OPERATORS.count(), "errorlist" in again.content.decode()) == (1, True)


def test_an_account_is_deactivated_and_comes_back(operator: Operator) -> None:
    person = create_person("ann@example.com")
    operator.act(person.user, "deactivate")
    assert not User.objects.get(pk=person.user.pk).is_active
    operator.act(person.user, "reactivate")
    assert User.objects.get(pk=person.user.pk).is_active
    assert [entry.action for entry in BY_OPERATORS.order_by("pk")] == [
        "deactivate",
        "reactivate",
    ]


@pytest.mark.parametrize("model", [LedgerEntry, Hold, Allowance, BillingAccount])
def test_the_ledger_can_only_be_read(
    operator: Operator, account: BillingAccount, model: type[LedgerEntry]
) -> None:
    row = model.objects.all()[0]
    page = page_of(row)
    assert operator.get(page).status_code == 200
    assert operator.client.post(page, {"amount": "1000"}).status_code == 403
    assert operator.client.post(page.replace("change/", "delete/")).status_code == 403
    assert operator.client.post(list_of(model) + "add/").status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    operator.client.post(list_of(model), bulk)
    assert model.objects.filter(pk=row.pk).exists()
    assert '<input type="submit"' not in operator.get(page).content.decode()


def test_a_plan_is_edited_with_a_reason(operator: Operator) -> None:
    plan = Plan.objects.get(pk="paid")
    fields = {"name": plan.name, "currency": plan.currency, "max_file_bytes": "2 GB"}
    numbers = ("monthly_minutes", "daily_transcriptions", "price_cents")
    rates = ("requests_per_minute", "text_requests_per_minute")
    fields |= {name: getattr(plan, name) for name in (*numbers, *rates)} | {"is_metered": "on"}

    refused = operator.client.post(page_of(plan), {**fields, "concurrency": 7})
    assert "errorlist" in refused.content.decode()
    operator.client.post(page_of(plan), {**fields, "concurrency": 7, "reason": "ticket 8"})

    plan.refresh_from_db()
    assert plan.concurrency == 7
    assert (last_entry().reason, last_entry().details) == ("ticket 8", {"concurrency": "7"})


@pytest.mark.parametrize(
    ("entered", "size_bytes"),
    [("500 MB", 500_000_000), ("2,5gb", 2_500_000_000), ("1.234567 MB", 1_234_567), ("0", 0)],
)
def test_the_largest_file_of_a_plan_is_entered_and_shown_with_its_unit(
    operator: Operator, entered: str, size_bytes: int
) -> None:
    plan = Plan.objects.get(pk="paid")
    page = operator.get(page_of(plan))
    assert 'value="2 GB"' in page.content.decode()
    assert "2 GB" in operator.get(list_of(Plan)).content.decode()
    initial = page.context["adminform"].form.initial | {"reason": "ticket 9"}
    fields = {name: value for name, value in initial.items() if value is not False}

    for wrong in ("2000000000", "many", "-1 GB", "2 GiB", "", "NaN GB"):
        answer = operator.client.post(page_of(plan), {**fields, "max_file_bytes": wrong})
        assert set(answer.context["adminform"].form.errors) == {"max_file_bytes"}, wrong
    operator.client.post(page_of(plan), {**fields, "max_file_bytes": entered})

    plan.refresh_from_db()
    assert plan.max_file_bytes == size_bytes
    assert last_entry().details == {"max_file_bytes": str(size_bytes)}
    shown = operator.get(page_of(plan)).context["adminform"].form["max_file_bytes"].value()
    assert SizeField().to_python(shown) == size_bytes  # exactly


def test_the_models_have_czech_names(operator: Operator) -> None:
    operator.client.cookies["django_language"] = "cs"
    page = operator.get("/admin/").content.decode()
    for name in ("Tarify", "Klíče API", "Faktury", "Úlohy přepisu", "Platby"):
        assert name in page, name


def test_the_audit_log_can_only_be_read(operator: Operator, account: BillingAccount) -> None:
    operator.act(account, "change-plan", plan="paid")
    page = operator.get(list_of(AuditEntry)).content.decode()
    assert "ticket 7" in page
    entry = last_entry()
    assert operator.client.post(page_of(entry), {"reason": "no"}).status_code == 403
    delete = page_of(entry).replace("change/", "delete/")
    assert operator.client.post(delete, {"post": "yes"}).status_code == 403
    about = operator.get(page_of(account).replace("change/", "history/"), follow=True)
    assert "change-plan" in about.content.decode()


@pytest.mark.database
def test_the_database_refuses_to_change_the_audit_log(
    operator: Operator, account: BillingAccount
) -> None:
    operator.act(account, "change-plan", plan="paid")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.update(reason="another")


@pytest.mark.parametrize(
    "model",
    [User, ApiKey, BillingAccount, LedgerEntry, Hold, Allowance, AuditEntry, TranscriptionJob],
)
def test_a_list_takes_the_same_queries_however_long_it_is(
    operator: Operator, account: BillingAccount, model: type[User]
) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert operator.get(list_of(model)).status_code == 200
        return len(queries)

    _fill(operator, 1)
    few = count()
    _fill(operator, 6)
    assert count() == few


def test_no_secret_is_on_any_page(operator: Operator) -> None:
    person = create_person("ann@example.com")
    AnonymousUse.objects.create(address_digest="d" * 64, day="2026-01-01")
    for page in (
        list_of(ApiKey),
        page_of(person.api_key),
        page_of(person.user),
        page_of(account_for(person.user)),
        action_of(person.api_key, "revoke-key"),
    ):
        text = operator.get(page).content.decode()
        assert person.raw not in text
        assert person.api_key.digest not in text
        assert User.objects.get(pk=person.user.pk).password not in text


def _fill(operator: Operator, count: int) -> None:
    for _ in range(count):
        account = create_account(minutes=10)
        assert account.user is not None
        issue_api_key(account.user, name="test")
        grant_credits(account, amount=1, reference=str(account.pk), reason="test")
        job = create_transcript(owner=account.user, model_requested="tiny")
        place_hold(str(job.pk), account=account, minutes=1)
        operator.act(account.user, "deactivate")


def test_every_list_is_there(operator: Operator) -> None:
    for model in admin.site._registry:
        assert operator.get(list_of(model)).status_code == 200, model
        assert operator.get(list_of(model) + "add/").status_code in (200, 403), model


def test_a_password_is_changed_where_everybody_changes_it(operator: Operator) -> None:
    answer = operator.get("/admin/password_change/")
    assert answer.headers["Location"] == "/account/password/change/"
