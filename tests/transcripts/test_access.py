"""A transcript is reached by its owner, and to everybody else it does not exist."""

import uuid

import pytest

from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from transcripts.access import TranscriptNotFoundError, get_transcript


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
