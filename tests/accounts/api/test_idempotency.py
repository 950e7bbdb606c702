"""A key is held while its request is answered, however long, and not much longer."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.api.idempotency import answer_once
from accounts.models import User
from accounts.services.idempotency import IdempotencyClaim, KeyInUseError, begin, release

pytestmark = pytest.mark.django_db(transaction=True)

LASTS_S = 0.3


@async_to_sync
async def _hold_for(user: User, seconds: float) -> list[object]:
    """Answer a request in `seconds`; returns what others who came meanwhile got."""
    request = RequestFactory().post("/", headers={"Idempotency-Key": "mine"})
    got: list[object] = []

    def come() -> object:
        return begin(user, "mine", fingerprint="same", lasts=timedelta(seconds=60))

    async def answer() -> HttpResponse:
        for _ in range(3):
            await asyncio.sleep(seconds / 3)
            try:
                got.append(await sync_to_async(come, thread_sensitive=False)())
            except KeyInUseError:
                got.append("in use")
        return HttpResponse("done")

    await answer_once(request, owner=user, fingerprint="same", lasts_s=LASTS_S, answer=answer)
    return got


def test_a_request_that_takes_long_retains_its_key() -> None:
    user = User.objects.create_user("long@example.com")

    assert _hold_for(user, 5 * LASTS_S) == ["in use"] * 3


def test_the_key_of_a_process_that_died_is_free_when_its_claim_runs_out() -> None:
    user = User.objects.create_user("died@example.com")
    begin(user, "mine", fingerprint="same", lasts=timedelta(seconds=-1))

    claim = begin(user, "mine", fingerprint="same", lasts=timedelta(seconds=60))

    assert isinstance(claim, IdempotencyClaim)
    release(claim)
