"""A key can't hide that it made another, nor make one that outlives its own revocation."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.keys.issue import DEFAULT_LIFETIME, issue_requested_key, revoke_api_key
from accounts.models import ApiKey
from accounts.profile import read_email_preferences
from tests.accounts.mailbox import deliver
from tests.accounts.pages.people import PASSWORD, browser_of, member
from tests.accounts.people import Person, client_with, create_person

KEYS = "/api/v1/keys/"
ACCOUNT = "/api/v1/account/"
JSON = "application/json"


def make_key(maker: str, **asked: object) -> dict[str, object]:
    answer = client_with(maker).post(KEYS, {"name": "child", **asked}, content_type=JSON)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def works(raw: object) -> bool:
    return client_with(str(raw)).get(KEYS).status_code == 200


def silence(client: Client, *names: str) -> int:
    body = {"email_preferences": dict.fromkeys(names, False)}
    return client.put(ACCOUNT, body, content_type=JSON).status_code


@pytest.mark.parametrize("name", ["key_created", "new_device"])
def test_a_key_switches_no_security_notice_off(owner: Person, name: str) -> None:
    assert silence(owner.client, name, "transcript_ready") == 403

    owner.user.refresh_from_db()
    assert read_email_preferences(owner.user)[name]
    assert read_email_preferences(owner.user)["transcript_ready"]


def test_a_key_switches_other_mail_off_and_security_notices_on(owner: Person) -> None:
    owner.user.email_preferences = {"new_device": False}
    owner.user.save()
    body = {"email_preferences": {"transcript_ready": False, "new_device": True}}
    assert owner.client.put(ACCOUNT, body, content_type=JSON).status_code == 200

    assert silence(owner.client, "transcript_failed") == 200


@pytest.mark.django_db
def test_a_person_who_switches_a_security_notice_off_gets_a_last_mail() -> None:
    ann = member("ann@example.com")
    form = {"name": "", "time_zone": "UTC", "language": "en", "email_preferences": ["new_device"]}
    browser = browser_of(ann)

    browser.post("/account/profile/", form)
    assert [mail.subject for mail in deliver()] == [
        "Security notices of your account are switched off"
    ]
    browser.post("/account/profile/", form)  # it is off already
    assert len(deliver()) == 1


def test_a_key_states_which_key_made_it(owner: Person) -> None:
    made = make_key(owner.raw)

    assert made["created_by_key"] == str(owner.api_key.pk)
    _, raw = issue_requested_key(owner.user, asked_with=None, name="by page", scopes=[])
    assert ApiKey.objects.get(prefix=raw[:10]).created_by_key is None


def test_revoking_with_created_ends_all_that_a_key_made(owner: Person) -> None:
    other = create_person("owner@example.com")
    child = make_key(other.raw)
    grandchild = make_key(str(child["key"]))
    revoke_api_key(ApiKey.objects.get(pk=str(child["id"])))  # in between: the chain goes on

    answer = owner.client.delete(f"{KEYS}{other.api_key.pk}/?with_created=true")

    assert answer.status_code == 204
    working = ApiKey.objects.filter(revoked_at=None)
    assert list(working) == [owner.api_key], grandchild["id"]


def test_revoking_without_it_leaves_them(owner: Person) -> None:
    other = create_person("owner@example.com")
    child = make_key(other.raw)

    assert owner.client.delete(f"{KEYS}{other.api_key.pk}/").status_code == 204
    assert works(child["key"])


def test_a_bad_with_created_is_400_and_revokes_nothing(owner: Person) -> None:
    answer = owner.client.delete(f"{KEYS}{owner.api_key.pk}/?with_created=perhaps")

    assert answer.status_code == 400
    assert works(owner.raw)


def test_a_revoked_key_that_is_still_remembered_makes_no_key(owner: Person) -> None:
    assert works(owner.raw)  # this process has it in its cache now
    ApiKey.objects.update(revoked_at=timezone.now())  # by another process

    answer = owner.client.post(KEYS, {"name": "late"}, content_type=JSON)

    assert answer.status_code == 401
    assert ApiKey.objects.count() == 1


def test_a_new_key_has_an_expiry_or_scopes_unless_asked_otherwise(owner: Person) -> None:
    usual = ApiKey.objects.get(pk=str(make_key(owner.raw)["id"])).expires_at
    assert usual is not None
    assert abs(usual - timezone.now() - DEFAULT_LIFETIME) < timedelta(minutes=1)

    assert make_key(owner.raw, scopes=["read"])["expires_at"] is None
    assert make_key(owner.raw, expires_at=None)["expires_at"] is None


def test_a_key_makes_none_that_outlives_it(owner: Person) -> None:
    ends = timezone.now() + timedelta(days=3)
    ApiKey.objects.update(expires_at=ends)

    for too_late in (None, (ends + timedelta(days=1)).isoformat()):
        body = {"name": "child", "expires_at": too_late}
        answer = owner.client.post(KEYS, body, content_type=JSON)
        assert (answer.status_code, answer.json()["code"]) == (403, "outlives_key")
    for asked in ({}, {"scopes": ["read"]}):
        made = ApiKey.objects.get(pk=str(make_key(owner.raw, **asked)["id"]))
        assert made.expires_at == ends


@pytest.mark.django_db
def test_the_page_offers_to_revoke_a_key_and_what_it_made() -> None:
    ann = member("ann@example.com")
    maker, raw = issue_requested_key(ann, asked_with=None, name="maker", scopes=[])
    make_key(raw)
    browser = browser_of(ann)
    assert "Revoke it and 1 key it created" in browser.get("/account/keys/").content.decode()

    browser.post(f"/account/keys/{maker.pk}/revoke/", {"with_created": "true"})

    assert not ApiKey.objects.filter(revoked_at=None).exists()


@pytest.mark.django_db
def test_after_a_password_change_all_keys_can_be_revoked() -> None:
    ann = member("ann@example.com")
    issue_requested_key(ann, asked_with=None, name="laptop", scopes=[])
    browser = browser_of(ann)
    form = {"oldpassword": PASSWORD, "password1": "another-horse-8"}
    form["password2"] = form["password1"]

    page = browser.post("/account/password/change/", form, follow=True)
    assert "/account/keys/revoke-all/" in page.content.decode()
    assert "revoke your API keys" in str(deliver()[-1].body).replace("\n", " ")
    browser.post("/account/keys/revoke-all/")

    assert not ApiKey.objects.filter(revoked_at=None).exists()
