"""Getting in: sign-up, verification, log-in, password reset, throttling; in a browser's manner."""

import pytest
from django.test import Client

from accounts.models import User
from billing.quotas import account_for
from tests.accounts.mailbox import deliver, html_of, last_mail, link_in
from tests.accounts.pages.people import PASSWORD, log_in, member

pytestmark = pytest.mark.django_db


def sign_up(client: Client, email: str = "ann@example.com", **more: str) -> None:
    answer = client.post(
        "/account/signup/", {"email": email, "password1": PASSWORD, **more}, follow=True
    )
    assert answer.status_code == 200, answer.content


def test_signing_up_and_opening_the_link_leads_to_the_account() -> None:
    client = Client()
    sign_up(client, time_zone="Europe/Prague")

    message = last_mail()
    assert message.to == ["ann@example.com"]
    page = client.get(link_in(message))
    assert "ann@example.com" in page.content.decode()
    confirmed = client.post(link_in(message), follow=True)

    assert confirmed.redirect_chain[-1][0] == "/"  # on upload
    user = User.objects.get(email="ann@example.com")
    assert user.time_zone == "Europe/Prague"
    assert account_for(user).plan_id == "free"


def test_no_one_logs_in_before_the_address_is_confirmed() -> None:
    sign_up(Client())

    other = Client()
    answer = log_in(other, "ann@example.com")

    assert answer.redirect_chain[-1][0] == "/account/confirm-email/"
    assert other.get("/account/").status_code == 302


def test_the_mail_is_in_the_language_of_the_page() -> None:
    client = Client(headers={"Accept-Language": "cs"})
    sign_up(client)

    assert User.objects.get().language == "cs"
    assert 'lang="cs"' in html_of(last_mail())


def test_signing_up_twice_mails_the_owner_alone() -> None:
    member("ann@example.com")
    client = Client()

    sign_up(client)

    assert User.objects.count() == 1
    assert "already have an account" in last_mail().subject


def test_a_weak_password_is_refused() -> None:
    answer = Client().post("/account/signup/", {"email": "a@example.com", "password1": "password"})

    assert "too common" in answer.content.decode()
    assert not User.objects.exists()


def test_an_address_in_capitals_is_the_same_address() -> None:
    member("ann@example.com")

    answer = log_in(Client(), "Ann@Example.com")

    assert answer.redirect_chain[-1][0] == "/"


def test_a_forgotten_password_is_replaced_through_the_link() -> None:
    member("ann@example.com")
    client = Client()
    client.post("/account/password/reset/", {"email": "ann@example.com"})
    page = client.get(link_in(last_mail()), follow=True)
    form = page.redirect_chain[-1][0]

    client.post(form, {"password1": "another-Long-one-7", "password2": "another-Long-one-7"})

    assert log_in(Client(), "ann@example.com").status_code == 200
    assert Client().login is not None
    fresh = Client()
    fresh.post("/account/login/", {"login": "ann@example.com", "password": "another-Long-one-7"})
    assert fresh.get("/account/").status_code == 200
    assert "password was changed" in last_mail().subject


def test_a_reset_for_an_unknown_address_shows_nothing_on_the_page() -> None:
    known, unknown = Client(), Client()
    member("ann@example.com")

    one = known.post("/account/password/reset/", {"email": "ann@example.com"}, follow=True)
    other = unknown.post("/account/password/reset/", {"email": "bob@example.com"}, follow=True)

    assert one.redirect_chain == other.redirect_chain
    assert {message.to[0] for message in deliver()} == {"ann@example.com", "bob@example.com"}


def test_trying_passwords_is_stopped_over_all_browsers() -> None:
    member("ann@example.com")
    for _ in range(5):
        log_in(Client(), "ann@example.com", password="wrong-one")

    answer = log_in(Client(), "ann@example.com")

    assert "Too many failed" in answer.content.decode()
    assert not answer.context["user"].is_authenticated


def test_logging_in_elsewhere_goes_on_where_one_wanted_to_be() -> None:
    member("ann@example.com")
    client = Client()
    asked = client.get("/account/keys/")

    answer = client.post(
        asked["Location"], {"login": "ann@example.com", "password": PASSWORD}, follow=True
    )

    assert answer.redirect_chain[-1][0] == "/account/keys/"


def test_sign_up_can_be_closed(settings: object) -> None:
    settings.IS_SIGNUP_OPEN = False  # type: ignore[attr-defined]  # pytest-django has no type

    answer = Client().post("/account/signup/", {"email": "a@example.com", "password1": PASSWORD})

    assert "Sign-up is closed" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("language", ["en", "cs"])
@pytest.mark.parametrize(
    "path", ["login/", "signup/", "password/reset/", "password/reset/done/", "confirm-email/"]
)
def test_every_page_at_the_entrance_is_ours(path: str, language: str) -> None:
    page = Client(headers={"Accept-Language": language}).get(f"/account/{path}")

    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.content.decode()
    assert "stt_web/site.css" in page.content.decode()


def test_a_person_gets_a_page_for_an_address_that_is_not_there_and_a_program_json() -> None:
    person = Client(headers={"Accept": "text/html", "Accept-Language": "en"}).get("/nothing")
    program = Client().get("/nothing")

    assert person.status_code == program.status_code == 404
    assert "<h1>Page not found</h1>" in person.content.decode()
    assert program.json()["code"] == "not_found"


def test_an_account_made_by_command_gets_its_password_by_mail() -> None:
    User.objects.create_user("command@example.com")
    client = Client()
    client.post("/account/password/reset/", {"email": "command@example.com"})
    page = client.get(link_in(last_mail()), follow=True)
    client.post(
        page.redirect_chain[-1][0], {"password1": "a-Brand-new-1-x", "password2": "a-Brand-new-1-x"}
    )
    log_in(client, "command@example.com", password="a-Brand-new-1-x")

    confirmation = next(mail for mail in reversed(deliver()) if "Confirm" in mail.subject)
    client.post(link_in(confirmation))

    fresh = Client()
    log_in(fresh, "command@example.com", password="a-Brand-new-1-x")
    assert fresh.get("/account/").status_code == 200
