"""No credential of one account reaches an object of another: every path × method × credential.

A foreign object and one that isn't there are the same answer. Paths come from the URL table; one
with a parameter that the world knows no object for fails.
"""

import itertools
import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponseBase
from pytest_django import Settings

from accounts.keys.cache import evict_keys
from accounts.models import ApiKey, RateWindow, User
from billing.models import Plan
from tests.accounts.key_throttle import reset_key_throttle
from tests.stt_web.routes import METHODS, Route, list_routes
from tests.stt_web.world import (
    PARTS,
    Account,
    Credential,
    create_account,
    list_credentials,
    missing_ids,
)
from transcripts.models import Segment, Transcript
from transcripts.sharing.models import ShareLink
from transcripts.webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

# Whose parameter is itself the credential, or a file of the system.
NO_OBJECTS = {
    "static/<path:path>": "the pages' own files",
    "v1/models/<str:model>": "a model of the server",
    "account/local/<str:token>/": "a signed link: tests/accounts/pages/test_local_login.py",
    "s/<str:token>/": "a link that is open to its holder: tests/transcripts/sharing/test_api.py",
    "s/<str:token>/words/": "the same",
    "s/<str:token>/audio/": "the same",
    "s/<str:token>/peaks/": "the same",
    "s/<str:token>/subtitles/": "the same",
}
# Without which an address answers 400 to everybody.
QUERIES = {"v2/transcript/<uuid:request_id>/word-search": "?words=one"}
# The whole (`STT_MATRIX=whole`, for the night) takes minutes; each change is tried on a sample.
IS_WHOLE = os.environ.get("STT_MATRIX") == "whole"
SAMPLED_OF = 8
_VARYING = re.compile(
    rb'"request_id": ?"[^"]*"|csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"|name="csrf-token"'
    rb' content="[^"]*"'
)
Answer = tuple[int, str, bytes]


def object_routes() -> list[Route]:
    return [
        route
        for route in list_routes()
        if set(route.parameters) - set(PARTS) and route.path not in NO_OBJECTS
    ]


def name_in_world(route: Route, parameter: str) -> str:
    """`key` is a segment's or a gap's, by the folder before it."""
    if parameter != "key":
        return parameter
    folder = route.path.partition("/<str:key>")[0].rpartition("/")[2]
    return f"{folder}/key"


def fill(route: Route, ids: dict[str, str]) -> str:
    parts = {name: PARTS.get(name) or ids[name_in_world(route, name)] for name in route.parameters}
    return route.fill(parts) + QUERIES.get(route.path, "")


def ask(credential: Credential, method: str, path: str, ids: dict[str, str]) -> Answer:
    """Return status, where to, and the body; the ids that were asked for are blotted out."""
    joint = "&" if "?" in path else "?"
    url = f"{path}{joint}{credential.query}" if credential.query else path
    body = "" if method in ("GET", "HEAD", "OPTIONS") else "{}"
    response = credential.client.generic(method, url, body, content_type="application/json")
    content = b"" if response.streaming else response.content
    text = _VARYING.sub(b"", content)
    location = response.headers.get("Location", "")
    for value in ids.values():
        # A short one, a session's number, only where it stands in an address.
        shown, blot = (value, "ID") if len(value) > 6 else (f"/{value}/", "/ID/")
        text, location = text.replace(shown.encode(), blot.encode()), location.replace(shown, blot)
    _close(response)
    return response.status_code, location, text


def _close(response: HttpResponseBase) -> None:
    if not response.streaming:
        response.close()


@pytest.fixture
def accounts(settings: Settings) -> tuple[Account, Account]:
    settings.WEBHOOK_ALLOW_HTTP = False
    Plan.objects.update(requests_per_minute=0)  # limits have tests of their own
    evict_keys()
    return create_account("mine@example.com"), create_account("theirs@example.com")


def combine(mine: Account, theirs: Account, route: Route) -> Iterator[dict[str, str]]:
    """Yield the ids that reach for another's object: all of theirs, and the inner one in mine."""
    yield dict(theirs.ids)
    named = [name_in_world(route, name) for name in route.parameters if name not in PARTS]
    if len(named) > 1:
        yield {**theirs.ids, named[0]: mine.ids[named[0]]}


def choose(
    routes: list[Route], credentials: list[Credential]
) -> Iterator[tuple[Route, str, Credential]]:
    """Yield what is tried: all of it, or a part that has each path with each method and with each
    credential, and what usually works (a key, a session) with every method that usually does.
    """
    tried = itertools.product(enumerate(routes), enumerate(METHODS), enumerate(credentials))
    for (row, route), (column, method), (number, credential) in tried:
        is_usual = credential.name in ("key", "session") and method not in ("HEAD", "OPTIONS")
        if IS_WHOLE or is_usual or (row + column + number) % SAMPLED_OF == 0:
            yield route, method, credential


def count_everything(account: Account) -> dict[str, Any]:
    user = account.user
    return {
        "titles": list(Transcript.objects.filter(owner=user).values_list("title", "status")),
        "texts": list(Segment.objects.filter(transcript__owner=user).values_list("text")),
        "shares": list(
            ShareLink.objects.filter(transcript__owner=user).values_list("pk", "revoked_at")
        ),
        "endpoints": list(
            WebhookEndpoint.objects.filter(owner=user).values_list("pk", "secret_encrypted", "url")
        ),
        "deliveries": WebhookDelivery.objects.filter(endpoint__owner=user).count(),
        "keys": list(ApiKey.objects.filter(user=user).values_list("pk", "revoked_at")),
        "user": User.objects.filter(pk=user.pk).values().get() | {"last_login": None},
    }


def test_no_credential_reaches_another_accounts_object(accounts: tuple[Account, Account]) -> None:
    mine, theirs = accounts
    before = count_everything(theirs)
    credentials = list_credentials(mine)
    problems, requests = [], 0
    for route, method, credential in choose(object_routes(), credentials):
        reset_limits()
        for ids in combine(mine, theirs, route):
            missing = {**ids, **_all_missing(mine, ids)}
            foreign_answer = ask(credential, method, fill(route, ids), ids)
            missing_answer = ask(credential, method, fill(route, missing), missing)
            requests += 2
            where = f"{method} {route} with {credential.name}"
            if foreign_answer != missing_answer:
                problems.append(f"{where}: {foreign_answer} but missing {missing_answer}")
            if foreign_answer[0] >= 500 or (foreign_answer[0] < 300 and method != "OPTIONS"):
                problems.append(f"{where}: {foreign_answer[0]}")
    assert problems == []
    assert count_everything(theirs) == before
    assert requests > (8_000 if IS_WHOLE else 2_000), "has a part of the URL table been left out?"


def test_every_object_of_the_world_is_reached_by_its_owner(
    accounts: tuple[Account, Account],
) -> None:
    """Else the matrix would compare one kind of nothing with another."""
    mine, _ = accounts
    owner = [each for each in list_credentials(mine) if each.name in ("key", "session")]
    unreached = []
    for route in object_routes():
        reached = False
        for method, credential in itertools.product(("GET", "PATCH", "POST", "DELETE"), owner):
            if method == "DELETE" and reached:
                continue  # what can be seen needs no deleting, and others need it
            own = ask(credential, method, fill(route, dict(mine.ids)), dict(mine.ids))
            none = ask(credential, method, fill(route, missing_ids()), missing_ids())
            reached = reached or own != none
        if not reached:
            unreached.append(str(route))
        if _has_lost_something(mine):
            mine = create_account(f"after-{mine.user.pk}@example.com")
            owner = [each for each in list_credentials(mine) if each.name in ("key", "session")]
    assert unreached == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/transcripts/export/", {"format": "txt", "ids": ["{transcript_id}"]}),
        ("/api/v1/transcripts/{own}/segments/merge/", {"segments": ["{segments/key}"]}),
        (
            "/api/v1/transcripts/{own}/segments/move-words/",
            {"segment": "{segments/key}", "words": 1, "to": "next"},
        ),
    ],
)
def test_a_body_that_names_anothers_objects_is_as_one_that_names_none(
    accounts: tuple[Account, Account], path: str, body: dict[str, Any]
) -> None:
    mine, theirs = accounts
    (key, *_) = list_credentials(mine)

    def send(ids: dict[str, str]) -> Answer:
        text = json.dumps(body)
        for name, value in ids.items():
            text = text.replace(f"{{{name}}}", value)
        url = path.replace("{own}", mine.ids["transcript_id"])
        answer = key.client.post(url, text, content_type="application/json")
        content = answer.content
        for value in ids.values():
            content = content.replace(value.encode(), b"ID")
        return answer.status_code, "", content

    assert send(dict(theirs.ids)) == send(missing_ids())


def _all_missing(mine: Account, ids: dict[str, str]) -> dict[str, str]:
    """What isn't one's own, replaced by what isn't there."""
    return {name: value for name, value in missing_ids().items() if ids[name] != mine.ids.get(name)}


def _has_lost_something(account: Account) -> bool:
    """Whether the last route deleted or revoked what the next ones need."""
    user = account.user
    return not (
        Segment.objects.filter(transcript__owner=user, key=account.ids["segments/key"]).exists()
        and ShareLink.objects.filter(transcript__owner=user, revoked_at=None).exists()
        and WebhookEndpoint.objects.filter(owner=user, disabled_at=None).exists()
        and ApiKey.objects.filter(pk=account.ids["key_id"], revoked_at=None).exists()
    )


def reset_limits() -> None:
    reset_key_throttle()
    RateWindow.objects.all().delete()
