"""Answers that quote a transcript go with it, also those of conversations over the library."""

from transcripts.models import ChatTurn, Transcript


def delete_turns_about(transcript: Transcript) -> None:
    """Delete them. Inside the transaction that deletes the transcript."""
    ChatTurn.objects.filter(mentioned=transcript).delete()
