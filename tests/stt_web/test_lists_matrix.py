"""No list holds anything of another account, whoever asks."""

import itertools

import pytest

from tests.stt_web.routes import list_routes
from tests.stt_web.test_accounts_matrix import accounts, ask, reset_limits
from tests.stt_web.world import Account, list_credentials

__all__ = ["accounts"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def test_lists_hold_nothing_of_another_account(accounts: tuple[Account, Account]) -> None:
    mine, theirs = accounts
    secrets = [*theirs.ids.values(), theirs.user.email, str(theirs.user.pk)]
    lists = [route for route in list_routes() if not route.parameters]
    for route, credential in itertools.product(lists, list_credentials(mine)):
        asking = {"v1/transcribe", "v1/tts", "v1/models", "v1/voices", "health"}
        asking |= {"v1/translate/languages", "api/v1/operator/doctor/"}
        asking.add("api/v1/operator/models/")
        if "import" in route.path or route.path in asking:
            continue  # the ingest's, and those that ask the inference service or another process
        reset_limits()
        status, _, body = ask(credential, "GET", route.fill({}), {})
        assert status < 500, route
        found = [secret for secret in secrets if len(secret) > 6 and secret.encode() in body]
        assert found == [], route
