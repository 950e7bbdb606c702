"""Writing, changing and deleting comments; who may, `access` says."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from stt_web.core import wakeups
from stt_web.core.errors import ApiError
from transcripts.comments.models import Comment
from transcripts.locks import lock_transcript
from transcripts.models import Transcript

MAX_COMMENTS = 1_000
MAX_TEXT = 2_000


class CommentNotFoundError(ApiError):
    """There is no such comment."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such comment on this transcript.")


class BadCommentError(ApiError):
    """Its segment isn't there, its words aren't in the segment, or there are too many comments."""

    status = 400
    code = "invalid_request"


def list_comments(transcript: Transcript) -> QuerySet[Comment]:
    """Return them, the oldest first. One query."""
    return Comment.objects.filter(transcript=transcript).select_related("author")


@transaction.atomic
def write_comment(
    transcript: Transcript, author: User, *, segment: str, quote: str, offset: int, text: str
) -> Comment:
    """Raises BadCommentError. Four queries."""
    if not lock_transcript(transcript.pk):  # of those that come together, one counts after another
        raise BadCommentError("This transcript was deleted.")
    known = transcript.segments.filter(key=segment).values_list("text", flat=True).first()
    if known is None:
        raise BadCommentError("There is no such segment in this transcript.")
    if quote not in known:
        raise BadCommentError("These words are not in the segment.")
    if Comment.objects.filter(transcript=transcript).count() >= MAX_COMMENTS:
        raise BadCommentError(f"A transcript has at most {MAX_COMMENTS} comments.")
    wakeups.wake(wakeups.TRANSCRIPT, transcript.pk)  # open pages follow it
    return Comment.objects.create(
        transcript=transcript,
        segment_key=segment,
        quote=quote,
        offset=offset,
        text=text,
        author=author,
    )


def change_comment(transcript: Transcript, comment_id: UUID, *, text: str) -> Comment:
    """Raises CommentNotFoundError."""
    comment = list_comments(transcript).filter(pk=comment_id).first()
    if comment is None:
        raise CommentNotFoundError
    comment.text = text
    comment.save(update_fields=["text", "updated_at"])
    wakeups.wake(wakeups.TRANSCRIPT, transcript.pk)
    return comment


def delete_comment(transcript: Transcript, comment_id: UUID) -> None:
    """Raises CommentNotFoundError."""
    deleted, _ = Comment.objects.filter(transcript=transcript, pk=comment_id).delete()
    if not deleted:
        raise CommentNotFoundError
    wakeups.wake(wakeups.TRANSCRIPT, transcript.pk)
