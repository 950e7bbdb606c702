"""Editing a transcript (asyncio). Each edit is a revision, which can be taken back.

`if_match`: the ETag that was read, or `"r<revision>"`; RevisionChangedError is raised where what
you change was changed since. Without it the last edit wins.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from open_stt._async.transport import Transport
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

    async def segments(self, transcript_id: str) -> AsyncIterator[EditableSegment]:
        """Yield the segments with their ids, page by page."""
        path = _path(transcript_id, "segments/")
        async for each in self._transport.pages(path, {"page_size": 100}):
            yield cast("EditableSegment", each)

    async def edit_segment(
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
        return await self._edit("PATCH", path, body, if_match)

    async def delete_segment(
        self, transcript_id: str, segment_id: str, *, if_match: str = ""
    ) -> Edited:
        path = _path(transcript_id, f"segments/{segment_id}/")
        return await self._edit("DELETE", path, None, if_match)

    async def split_segment(
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
        return await self._edit("POST", path, body, if_match)

    async def merge_segments(
        self, transcript_id: str, segments: Sequence[str], *, if_match: str = ""
    ) -> Edited:
        body = {"segments": list(segments)}
        return await self._edit("POST", _path(transcript_id, "segments/merge/"), body, if_match)

    async def speakers(self, transcript_id: str) -> SpeakerList:
        return await self._transport.get(SpeakerList, _path(transcript_id, "speakers/"))

    async def rename_speaker(
        self, transcript_id: str, number: int, name: str, *, if_match: str = ""
    ) -> Edited:
        path = _path(transcript_id, f"speakers/{number}/")
        return await self._edit("PATCH", path, {"name": name}, if_match)

    async def merge_speakers(
        self, transcript_id: str, speakers: Sequence[int], into: int, *, if_match: str = ""
    ) -> Edited:
        body = {"speakers": list(speakers), "into": into}
        return await self._edit("POST", _path(transcript_id, "speakers/merge/"), body, if_match)

    async def assign_speaker(
        self, transcript_id: str, start: float, end: float, speaker: int, *, if_match: str = ""
    ) -> Edited:
        """Make what is said between two times that speaker's."""
        body = {"start": start, "end": end, "speaker": speaker}
        return await self._edit("POST", _path(transcript_id, "speakers/assign/"), body, if_match)

    async def recount_speakers(
        self, transcript_id: str, speakers: int = 0, *, if_match: str = ""
    ) -> Recounted:
        """Group the voices again (0: find their number); `status` where a worker does it."""
        call = Call(
            "POST",
            _path(transcript_id, "diarize/"),
            body={"speakers": speakers},
            headers={"If-Match": if_match} if if_match else {},
        )
        return await self._transport.answer(Recounted, call)

    async def find_text(
        self, transcript_id: str, find: str, *, match_case: bool = False, whole_words: bool = False
    ) -> OccurrenceList:
        params = query(find=find, match_case=match_case, whole_words=whole_words)
        path = _path(transcript_id, "occurrences/")
        return await self._transport.get(OccurrenceList, path, **params)

    async def replace_text(
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
        return await self._edit("POST", _path(transcript_id, "replace/"), body, if_match)

    async def revisions(self, transcript_id: str) -> AsyncIterator[Revision]:
        """Yield the revisions, newest first; 0 is the machine's original."""
        path = _path(transcript_id, "revisions/")
        async for each in self._transport.pages(path, {"page_size": 100}):
            yield cast("Revision", each)

    async def compare_revisions(
        self, transcript_id: str, number: int, *, against: int | None = None
    ) -> Difference:
        path = _path(transcript_id, f"revisions/{number}/diff/")
        return await self._transport.get(Difference, path, against=against)

    async def restore_revision(
        self, transcript_id: str, number: int, *, if_match: str = ""
    ) -> Edited:
        """Make the text that of a revision again."""
        path = _path(transcript_id, f"revisions/{number}/restore/")
        return await self._edit("POST", path, None, if_match)

    async def revert_revision(
        self, transcript_id: str, number: int, *, if_match: str = ""
    ) -> Edited:
        """Take one revision back and leave later ones: an undo."""
        path = _path(transcript_id, f"revisions/{number}/revert/")
        return await self._edit("POST", path, None, if_match)

    async def changes(self, transcript_id: str, since: int) -> Edited:
        """Return what was changed since a revision."""
        return await self._transport.get(Edited, _path(transcript_id, "changes/"), since=since)

    async def resolve_gap(
        self, transcript_id: str, gap_id: str, action: str, *, language: str | None = None
    ) -> GapAnswer:
        """`keep` makes a gap's text part of the transcript, `retry` recognises it again."""
        body = without_none(action=action, language=language)
        return await self._transport.post(GapAnswer, _path(transcript_id, f"gaps/{gap_id}/"), body)

    async def risks(self, transcript_id: str) -> RiskList:
        """Return the places that are most likely wrong, the worst first."""
        return await self._transport.get(RiskList, _path(transcript_id, "review/"))

    async def comments(self, transcript_id: str) -> CommentList:
        return await self._transport.get(CommentList, _path(transcript_id, "comments/"))

    async def add_comment(
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
        return await self._transport.post(Comment, _path(transcript_id, "comments/"), body)

    async def delete_comment(self, transcript_id: str, comment_id: str) -> None:
        await self._transport.send(Call("DELETE", _path(transcript_id, f"comments/{comment_id}/")))

    async def _edit(self, method: str, path: str, body: Any, if_match: str) -> Edited:
        headers = {"If-Match": if_match} if if_match else {}
        return await self._transport.answer(Edited, Call(method, path, body=body, headers=headers))
