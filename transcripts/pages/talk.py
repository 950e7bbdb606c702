"""Who speaks how much."""

from dataclasses import dataclass

from django.db.models import F, Sum

from transcripts.models import Transcript
from transcripts.pages.line_markup import colour_of
from transcripts.pages.speaker_labels import show_speaker


@dataclass(frozen=True)
class Talk:
    """A speaker as the page's script and its strip of names show them. `percent`: of all speech."""

    number: int
    label: str
    name: str
    percent: int

    @property
    def shown_name(self) -> str:
        return self.name or show_speaker(self.label)

    @property
    def colour(self) -> int:
        return colour_of(self.number)


def list_talk(transcript: Transcript) -> list[Talk]:
    """Return the speakers with their share of the speech. Two queries."""
    rows = transcript.segments.order_by().values_list("speaker_id")
    spoken = {pk: ms or 0 for pk, ms in rows.annotate(ms=Sum(F("end_ms") - F("start_ms")))}
    total_ms = sum(spoken.values()) or 1
    return [
        Talk(
            each.position,
            each.label,
            each.display_name,
            round(100 * spoken.get(each.pk, 0) / total_ms),
        )
        for each in transcript.speakers.all()
    ]
