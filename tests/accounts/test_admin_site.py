"""Who gets into /admin/: staff, with a second factor, in a session that used it."""

import io

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from tests.accounts.operators import (
    BY_OPERATORS,
    Operator,
    give_second_factor,
    last_entry,
    make_operator,
    operator,
    second_factor_code,
)
from tests.accounts.pages.people import PASSWORD, browser_of, log_in, member

__all__ = ["operator"]  # fixtures

pytestmark = pytest.mark.django_db


def promote(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)


def test_an_operator_with_a_second_factor_comes_in(operator: Operator) -> None:
    answer = operator.get("/admin/")
    assert (answer.status_code, "Operators" in answer.content.decode()) == (200, True)


def test_a_stranger_is_sent_to_log_in() -> None:
    answer = Client().get("/admin/billing/plan/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/account/login/")


def test_a_user_who_is_no_operator_is_refused() -> None:
    answer = browser_of(member("ann@example.com")).get("/admin/", follow=True)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_an_operator_without_a_second_factor_is_sent_to_set_it_up() -> None:
    user = member("new@example.com")
    promote(user)
    answer = browser_of(user).get("/admin/")
    login = Client()
    log_in(login, user.email)
    asked = login.get(answer.headers["Location"])
    assert asked.headers["Location"].startswith("/account/2fa/totp/activate/")


def test_a_session_from_before_the_second_factor_must_show_it() -> None:
    user = member("new@example.com")
    promote(user)
    browser = browser_of(user)
    give_second_factor(user)

    asked = browser.get("/admin/", follow=True)
    assert asked.redirect_chain[-1][0].startswith("/account/2fa/reauthenticate/")
    browser.post(asked.redirect_chain[-1][0], {"code": second_factor_code()})
    assert browser.get("/admin/").status_code == 200


def test_a_session_ends_here_when_its_second_factor_is_removed(operator: Operator) -> None:
    Authenticator.objects.filter(user=operator.user).delete()
    assert operator.get("/admin/").status_code == 302


def test_an_operator_without_rights_sees_and_does_nothing(transactional_db: None) -> None:
    operator = make_operator("clerk@example.com", is_superuser=False)
    assert operator.get("/admin/").status_code == 200
    assert operator.get("/admin/accounts/user/").status_code == 403
    assert operator.act(operator.user, "make-operator").status_code == 403
    assert not BY_OPERATORS.exists()


def test_only_audited_pages_are_there() -> None:
    """Other packages register theirs, on which one could remove second factors unseen."""
    apps = {model._meta.app_label for model in admin.site._registry}
    assert apps == {"accounts", "billing", "transcripts"}


def test_an_operator_is_made_by_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    call_command("create_operator", "Boss@example.com")

    browser = Client()
    log_in(browser, "boss@example.com")
    cache.clear()
    answer = browser.get("/admin/", follow=True)
    assert "/account/" in answer.redirect_chain[-1][0]
    user = User.objects.get(email="boss@example.com")
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert BY_OPERATORS.get().action == "make-operator"
    with pytest.raises(CommandError):
        call_command("create_operator", "nobody")


def test_the_last_operator_with_all_rights_can_not_dismiss_himself(operator: Operator) -> None:
    helper = make_operator("helper@example.com", is_superuser=False)
    answer = operator.act(operator.user, "dismiss-operator")
    assert "This is the last operator with all rights." in answer.content.decode()
    operator.act(helper.user, "dismiss-operator")  # one who can't appoint others may go

    assert list(User.objects.filter(is_staff=True)) == [operator.user]
    assert last_entry().object_id == str(helper.user.pk)


def test_an_operator_may_go_where_another_one_stays(operator: Operator) -> None:
    other = make_operator("other@example.com")
    operator.act(operator.user, "dismiss-operator")
    assert list(User.objects.filter(is_superuser=True)) == [other.user]
