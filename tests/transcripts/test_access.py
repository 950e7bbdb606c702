"""A transcript is reached by its owner, and to everybody else it does not exist."""

import uuid

import pytest

from accounts.guest_tokens import make_guest_token
from accounts.principals import Principal
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.rows import create_transcript
from transcripts.access import TranscriptNotFoundError, get_transcript
from transcripts.principals import find_transcript


def test_owner_gets_the_transcript_and_others_a_not_found(make_transcript: MakeTranscript) -> None:
    owner, stranger = create_account(minutes=9), create_account(minutes=9)
    transcript = make_transcript(account=owner)
    assert owner.user is not None
    assert stranger.user is not None

    assert get_transcript(owner.user, str(transcript.pk)) == transcript
    for user, transcript_id in (
        (stranger.user, str(transcript.pk)),
        (owner.user, str(uuid.uuid4())),
        (owner.user, "17"),
    ):
        with pytest.raises(TranscriptNotFoundError) as caught:
            get_transcript(user, transcript_id)
        assert caught.value.status == 404


@pytest.mark.django_db
def test_each_principal_finds_its_own_and_no_one_known_finds_nothing() -> None:
    owner = create_account(minutes=9)
    assert owner.user is not None
    _, digest = make_guest_token()
    owned, guests = (
        create_transcript(owner=owner.user),
        create_transcript(guest_token_digest=digest),
    )
    user, guest, no_one = Principal(user=owner.user), Principal(guest_digest=digest), Principal()

    assert find_transcript(user, owned.pk) == owned
    assert find_transcript(guest, guests.pk) == guests
    for principal, transcript in (
        (user, guests),
        (guest, owned),
        (no_one, owned),
        (no_one, guests),
    ):
        with pytest.raises(TranscriptNotFoundError):
            find_transcript(principal, transcript.pk)
