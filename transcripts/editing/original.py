"""A transcript as the machine wrote it, without later edits. Reads only."""

from dataclasses import replace

from transcripts.editing.draft import Draft
from transcripts.editing.draft_rows import SpeakerState
from transcripts.editing.revisions import changes_between, reverse
from transcripts.exports.document import Document, load_document
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.services.shown_gaps import show_gaps, with_gap_warning
from transcripts.text.segments import Segment
from transcripts.warnings import completed_status


def load_original(transcript: Transcript) -> Document:
    """Return the answer for a program that requested the transcription. Two queries, eight if
    edited; one more where it has gaps.

    People's edits are theirs: a program that sends the same recording again gets the same answer.
    """
    document = load_document(transcript)
    if transcript.revision == 0:
        return document
    draft = Draft(transcript)
    stored = [segment.key for segment in draft.all_segments()]
    changes = reverse(changes_between(transcript, 0, transcript.revision))
    draft.apply(changes)
    changed = changes.get("segments", {})
    removed = {key for key, change in changed.items() if change["after"] is None}
    names = {position: _name(state) for position, state in sorted(draft.speakers.items())}
    gaps = show_gaps(transcript.gaps.all(), is_original=True)
    warnings = with_gap_warning(document.warnings, gaps)
    is_readable = transcript.status in READABLE_STATUSES
    return replace(
        document,
        segments=tuple(
            _load(segment, names) for segment in draft.segments({*stored, *changed} - removed)
        ),
        speakers=tuple(names.values()),
        gaps=gaps,
        warnings=tuple(warnings),
        status=completed_status(warnings) if is_readable else transcript.status,
        title=draft.fields.title,
        is_corrected=draft.fields.is_corrected,
    )


def _load(segment: Segment, names: dict[int, str]) -> Segment:
    name = None if segment.speaker is None else names[segment.speaker]
    return replace(segment, speaker_name=name)


def _name(speaker: SpeakerState) -> str:
    return speaker.display_name or speaker.label
