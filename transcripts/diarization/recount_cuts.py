"""Where earlier counts of the speakers cut a transcript, and joining what they cut.

A border is a count's own where a `RECOUNT` revision made it and neither of its two times was
changed since: what the recogniser or a person separated is never joined.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from transcripts.editing.revisions import Changes
from transcripts.editing.segment_operations import EditError, merge_segments
from transcripts.models import EditAction, Revision, Transcript
from transcripts.text.segments import Segment
from transcripts.text.words import Word
from transcripts.text.writing import is_spaced_between


@dataclass
class Cuts:
    """What every count so far cut."""

    # By the key of a segment that a count made: where it began, and whether a space came before.
    _begins: dict[str, tuple[int, bool | None]] = field(default_factory=dict)
    _ends_ms: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, transcript: Transcript) -> Self:
        """Read them. One query, of as much as those counts changed."""
        cuts = cls()
        rows = Revision.objects.filter(transcript=transcript, action=EditAction.RECOUNT)
        for changes in rows.order_by("number").values_list("changes", flat=True):
            cuts._add(changes)
        return cuts

    def _add(self, changes: Changes) -> None:
        changed = changes.get("segments", {}).values()
        spaces = {
            (word.start_ms, word.text): word.space_before
            for change in changed
            for word in map(Word.from_json, (change["before"] or {}).get("words", ()))
        }
        for key, change in changes.get("segments", {}).items():
            after = change["after"] or {}
            if "end_ms" in after:
                self._ends_ms.add(after["end_ms"])
            if change["before"] is None and after.get("words"):
                first = Word.from_json(after["words"][0])
                self._begins[key] = (after["start_ms"], spaces.get((first.start_ms, first.text)))

    def is_between(self, left: Segment, right: Segment) -> bool:
        """Whether a count made the border of these neighbours."""
        start_ms, _ = self._begins.get(right.key, (None, None))
        return start_ms == right.start_ms and left.end_ms in self._ends_ms

    def join(self, left: Segment, right: Segment) -> Segment | None:
        """Return both as one, with the key of the left one; None where that would be too long."""
        _, had_space = self._begins.get(right.key, (0, None))
        is_spaced = is_spaced_between(left.text, right.text) if had_space is None else had_space
        try:
            return merge_segments([left, right], is_spaced=is_spaced)
        except EditError:
            return None


def join_cuts(
    cuts: Cuts, segments: Sequence[Segment], parts: Sequence[Sequence[Segment]]
) -> list[Segment]:
    """Return all parts in order, joined where a count cut them and both have one speaker now.

    segments: as stored, in order; parts: for each what it is now, one or more segments in order.
    """
    joined: list[Segment] = []
    for at, own in enumerate(parts):
        is_cut = at > 0 and cuts.is_between(segments[at - 1], segments[at])
        first = own[0]
        if is_cut and joined[-1].speaker == first.speaker:
            # The border's record is that of the stored segment, whose key the first part has.
            whole = cuts.join(joined[-1], first)
            if whole is not None:
                joined[-1] = whole
                joined += own[1:]
                continue
        joined += own
    return joined
