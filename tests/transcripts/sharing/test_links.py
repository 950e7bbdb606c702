"""Links by their service: whose they are, and how many passwords may be tried on one."""

import pytest

from accounts.models import User
from billing.models import BillingAccount
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.meeting import finished
from transcripts.models import Transcript
from transcripts.sharing.links import (
    PASSWORDS_A_LINK,
    ShareNotFoundError,
    TooManyPasswordsError,
    WrongPasswordError,
    create_share,
    find_share,
    open_share,
)


@pytest.fixture
def account(transactional_db: None) -> BillingAccount:
    return create_account(minutes=60)


@pytest.fixture
def transcript(account: BillingAccount, make_transcript: MakeTranscript) -> Transcript:
    return finished(make_transcript, account)


def test_a_link_of_a_closed_account_leads_nowhere(transcript: Transcript) -> None:
    _, token = create_share(transcript)
    assert find_share(token).transcript == transcript
    User.objects.filter(pk=transcript.owner_id).update(is_active=False)

    with pytest.raises(ShareNotFoundError):
        find_share(token)


def test_passwords_from_everywhere_are_counted_together(transcript: Transcript) -> None:
    link, _ = create_share(transcript, password="a good password")
    for number in range(PASSWORDS_A_LINK):
        with pytest.raises(WrongPasswordError):
            open_share(link, password="a guess", address=f"192.0.2.{number}")

    with pytest.raises(TooManyPasswordsError):
        open_share(link, password="a good password", address="198.51.100.1")
