"""A draft as rows: what is written of its speakers, its segments, and its title and tags.

In as few statements as the change allows, and inside the caller's transaction. What is different
is known already (`editing.revisions`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from transcripts.editing.revisions import Change
from transcripts.editing.segment_operations import EditError
from transcripts.models import Segment as SegmentRow
from transcripts.models import Speaker, Tag, Transcript
from transcripts.text.segments import Segment

ROWS_AT_ONCE = 500
_PLAIN_FIELDS = ("title", "language_note", "is_corrected")


@dataclass(frozen=True)
class SpeakerState:
    label: str
    display_name: str


@dataclass(frozen=True)
class Fields:
    title: str
    language_note: str
    is_corrected: bool
    tags: tuple[str, ...]
    # `TranscriptionJob.diarizer_used`; read where a change names one (`Draft.name_diarizer`).
    diarizer: str = ""


def write_speakers(
    transcript: Transcript, positions: Iterable[int], states: Mapping[int, SpeakerState]
) -> dict[int, int]:
    """Return the ids of the rows by position."""
    ids = {}
    for position in sorted(positions):
        if position in states:
            row, _ = Speaker.objects.update_or_create(
                transcript=transcript, position=position, defaults=asdict(states[position])
            )
            ids[position] = row.pk
    return ids


def drop_speakers(transcript: Transcript, positions: Iterable[int]) -> None:
    """Delete them: no segment has one of them any more."""
    removed = list(positions)
    if removed:
        Speaker.objects.filter(transcript=transcript, position__in=removed).delete()


def write_fields(transcript: Transcript, fields: Fields, before: Fields) -> None:
    plain = {name: getattr(fields, name) for name in _PLAIN_FIELDS}
    for name, value in plain.items():
        setattr(transcript, name, value)
    Transcript.objects.filter(pk=transcript.pk).update(**plain)
    if fields.tags != before.tags:
        Tag.objects.filter(transcript=transcript).delete()
        Tag.objects.bulk_create(Tag(transcript=transcript, name=name) for name in fields.tags)
    if fields.diarizer != before.diarizer:
        transcript.job.diarizer_used = fields.diarizer
        transcript.job.save(update_fields=["diarizer_used"])


@dataclass(frozen=True)
class SegmentRows:
    """The segments as they are to be (None: removed), by key; `ids`: of the rows that are there."""

    transcript: Transcript
    states: Mapping[str, Segment | None]
    ids: Mapping[str, int]
    speaker_ids: Mapping[int, int]

    def write(self, changed: Mapping[str, Change]) -> None:
        removed = [self.ids[key] for key, change in changed.items() if change["after"] is None]
        added = [key for key, change in changed.items() if change["before"] is None]
        rest = [key for key, change in changed.items() if change["before"] and change["after"]]
        only_speaker = [key for key in rest if set(changed[key]["after"] or ()) == {"speaker"}]
        for start in range(0, len(removed), ROWS_AT_ONCE):
            SegmentRow.objects.filter(pk__in=removed[start : start + ROWS_AT_ONCE]).delete()
        self._write_only_speakers(only_speaker)
        wanted = set(rest) - set(only_speaker)
        rows = [self._row(key) for key in rest if key in wanted]
        # Each field of each row costs a term: only those in which any row differs.
        names = sorted({name for key in wanted for name in changed[key]["after"] or ()})
        if rows:
            SegmentRow.objects.bulk_update(rows, names, batch_size=50)
        SegmentRow.objects.bulk_create([self._row(key) for key in added], batch_size=ROWS_AT_ONCE)

    def _write_only_speakers(self, keys: list[str]) -> None:
        """One statement for many segments of one speaker, not a line each."""
        by_speaker: dict[int | None, list[int]] = {}
        for key in keys:
            state = self.states[key]
            if state is not None:
                by_speaker.setdefault(state.speaker, []).append(self.ids[key])
        for speaker, ids in by_speaker.items():
            speaker_id = None if speaker is None else self.speaker_ids[speaker]
            for start in range(0, len(ids), ROWS_AT_ONCE):
                rows = SegmentRow.objects.filter(pk__in=ids[start : start + ROWS_AT_ONCE])
                rows.update(speaker_id=speaker_id)

    def _row(self, key: str) -> SegmentRow:
        state = self.states[key]
        if state is None:
            raise EditError("A segment that is removed can't be written.")
        speaker_id = None if state.speaker is None else self.speaker_ids[state.speaker]
        return SegmentRow(
            pk=self.ids.get(key),
            transcript=self.transcript,
            speaker_id=speaker_id,
            **state.as_columns(),
        )
