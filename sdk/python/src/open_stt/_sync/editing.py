# Generated from `_async` by `python -m sdk.generate`.
"""Editing a transcript (without asyncio). Each edit is a revision, which can be taken back.

`if_match`: the ETag that was read, or `"r<revision>"`; RevisionChangedError is raised where what
you change was changed since. Without it the last edit wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from open_stt._sync.transport import Transport
from open_stt.calls import Call, query, without_none
from open_stt.types import (
    Comment,
    CommentList,
    Difference,
    EditableSegment,
    Edited,
    GapAnswer,
    OccurrenceList,
    Recounted,
    Revision,
    RiskList,
    SpeakerList,
)


def _path(transcript_id: str, rest: str) -> str:
    return f"/api/v1/transcripts/{transcript_id}/{rest}"


class EditingMethods:
    _transport: Transport

    def segments(self, transcript_id: str) -> Iterator[EditableSegment]:
        """Yield the segments with their ids, page by page."""
        path = _path(transcript_id, "segments/")
        for each in self._transport.pages(path, {"page_size": 100}):
            yield cast("EditableSegment", each)

    def edit_segment(
        self,
        transcript_id: str,
        segment_id: str,
        *,
        text: str | None = None,
        start: float | None = None,
        end: float | None = None,
        speaker: int | None = None,
        if_match: str = "",
    ) -> Edited:
        body = without_none(text=text, start=start, end=end, speaker=speaker)
        path = _path(transcript_id, f"segments/{segment_id}/")
        return self._edit("PATCH", path, body, if_match)

    def delete_segment(self, transcript_id: str, segment_id: str, *, if_match: str = "") -> Edited:
        path = _path(transcript_id, f"segments/{segment_id}/")
        return self._edit("DELETE", path, None, if_match)

    def split_segment(
        self,
        transcript_id: str,
        segment_id: str,
        *,
        at_word: int | None = None,
        at_character: int | None = None,
        if_match: str = "",
    ) -> Edited:
        """The second part begins with that word, counted from 0."""
        body = without_none(at_word=at_word, at_character=at_character)
        path = _path(transcript_id, f"segments/{segment_id}/split/")
        return self._edit("POST", path, body, if_match)

    def merge_segments(
        self, transcript_id: str, segments: Sequence[str], *, if_match: str = ""
    ) -> Edited:
        body = {"segments": list(segments)}
        return self._edit("POST", _path(transcript_id, "segments/merge/"), body, if_match)

    def speakers(self, transcript_id: str) -> SpeakerList:
        return self._transport.get(SpeakerList, _path(transcript_id, "speakers/"))

    def rename_speaker(
        self, transcript_id: str, number: int, name: str, *, if_match: str = ""
    ) -> Edited:
        path = _path(transcript_id, f"speakers/{number}/")
        return self._edit("PATCH", path, {"name": name}, if_match)

    def merge_speakers(
        self, transcript_id: str, speakers: Sequence[int], into: int, *, if_match: str = ""
    ) -> Edited:
        body = {"speakers": list(speakers), "into": into}
        return self._edit("POST", _path(transcript_id, "speakers/merge/"), body, if_match)

    def assign_speaker(
        self, transcript_id: str, start: float, end: float, speaker: int, *, if_match: str = ""
    ) -> Edited:
        """Make what is said between two times that speaker's."""
        body = {"start": start, "end": end, "speaker": speaker}
        return self._edit("POST", _path(transcript_id, "speakers/assign/"), body, if_match)

    def recount_speakers(
        self, transcript_id: str, speakers: int = 0, *, if_match: str = ""
    ) -> Recounted:
        """Group the voices again (0: find their number); `status` where a worker does it."""
        call = Call(
            "POST",
            _path(transcript_id, "diarize/"),
            body={"speakers": speakers},
            headers={"If-Match": if_match} if if_match else {},
        )
        return self._transport.answer(Recounted, call)

    def find_text(
        self, transcript_id: str, find: str, *, match_case: bool = False, whole_words: bool = False
    ) -> OccurrenceList:
        params = query(find=find, match_case=match_case, whole_words=whole_words)
        path = _path(transcript_id, "occurrences/")
        return self._transport.get(OccurrenceList, path, **params)

    def replace_text(
        self,
        transcript_id: str,
        find: str,
        replace: str,
        *,
        match_case: bool = False,
        whole_words: bool = False,
        segments: Sequence[str] | None = None,
        if_match: str = "",
    ) -> Edited:
        """Replace a text in one revision."""
        body = without_none(
            find=find,
            replace=replace,
            match_case=match_case,
            whole_words=whole_words,
            segments=segments,
        )
        return self._edit("POST", _path(transcript_id, "replace/"), body, if_match)

    def revisions(self, transcript_id: str) -> Iterator[Revision]:
        """Yield the revisions, newest first; 0 is the machine's original."""
        path = _path(transcript_id, "revisions/")
        for each in self._transport.pages(path, {"page_size": 100}):
            yield cast("Revision", each)

    def compare_revisions(
        self, transcript_id: str, number: int, *, against: int | None = None
    ) -> Difference:
        path = _path(transcript_id, f"revisions/{number}/diff/")
        return self._transport.get(Difference, path, against=against)

    def restore_revision(self, transcript_id: str, number: int, *, if_match: str = "") -> Edited:
        """Make the text that of a revision again."""
        path = _path(transcript_id, f"revisions/{number}/restore/")
        return self._edit("POST", path, None, if_match)

    def revert_revision(self, transcript_id: str, number: int, *, if_match: str = "") -> Edited:
        """Take one revision back and leave later ones: an undo."""
        path = _path(transcript_id, f"revisions/{number}/revert/")
        return self._edit("POST", path, None, if_match)

    def changes(self, transcript_id: str, since: int) -> Edited:
        """Return what was changed since a revision."""
        return self._transport.get(Edited, _path(transcript_id, "changes/"), since=since)

    def resolve_gap(
        self, transcript_id: str, gap_id: str, action: str, *, language: str | None = None
    ) -> GapAnswer:
        """`keep` makes a gap's text part of the transcript, `retry` recognises it again."""
        body = without_none(action=action, language=language)
        return self._transport.post(GapAnswer, _path(transcript_id, f"gaps/{gap_id}/"), body)

    def risks(self, transcript_id: str) -> RiskList:
        """Return the places that are most likely wrong, the worst first."""
        return self._transport.get(RiskList, _path(transcript_id, "review/"))

    def comments(self, transcript_id: str) -> CommentList:
        return self._transport.get(CommentList, _path(transcript_id, "comments/"))

    def add_comment(
        self,
        transcript_id: str,
        segment: str,
        *,
        text: str | None = None,
        quote: str | None = None,
        offset: int | None = None,
    ) -> Comment:
        """Write a note on words of a segment; without `text` a highlight."""
        body = without_none(segment=segment, text=text, quote=quote, offset=offset)
        return self._transport.post(Comment, _path(transcript_id, "comments/"), body)

    def delete_comment(self, transcript_id: str, comment_id: str) -> None:
        self._transport.send(Call("DELETE", _path(transcript_id, f"comments/{comment_id}/")))

    def _edit(self, method: str, path: str, body: Any, if_match: str) -> Edited:
        headers = {"If-Match": if_match} if if_match else {}
        return self._transport.answer(Edited, Call(method, path, body=body, headers=headers))
