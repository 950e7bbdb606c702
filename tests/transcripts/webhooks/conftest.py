"""An owner, endpoints that lead to a receiver on this machine, and a sender that is in a hurry."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from tests.billing.conftest import create_account
from tests.transcripts.webhooks.receiver import Receiver
from transcripts.webhooks.endpoints import create_endpoint
from transcripts.webhooks.models import WebhookEndpoint
from transcripts.webhooks.sender import Sender

MakeEndpoint = Callable[..., tuple[WebhookEndpoint, str]]


@pytest.fixture
def owner(transactional_db: None) -> User:
    user = create_account(minutes=60).user
    assert user is not None
    return user


@pytest.fixture
def loopback_allowed(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def make_endpoint(owner: User, receiver: Receiver, loopback_allowed: None) -> MakeEndpoint:
    """Make an endpoint of `owner`, at the receiver; return it and its secret."""

    def make(url: str = "", **fields: object) -> tuple[WebhookEndpoint, str]:
        return create_endpoint(owner, url=url or receiver.url, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def sender() -> Iterator[Sender]:
    """Waits 0.5 s where the product waits 15."""
    sender = Sender(total_timeout_s=0.5)
    yield sender
    sender.close()
