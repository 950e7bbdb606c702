"""The queue of places to look at: what `risks` finds, without what a person accepted."""

from django.db import transaction

from transcripts.exports.document import load_document
from transcripts.locks import lock_transcript
from transcripts.models import Transcript
from transcripts.review.models import AcceptedRisk
from transcripts.review.risks import MAX_RISKS, Risk, list_risks

_MAX_ACCEPTED = 20_000  # of a transcript; beyond, nothing more is noted


def list_queue(transcript: Transcript) -> tuple[list[Risk], int]:
    """Return the worst places, at most `MAX_RISKS`, and how many there are in all. Five queries."""
    document = load_document(transcript)
    accepted = set(
        AcceptedRisk.objects.filter(transcript=transcript).values_list("place", "kind", "text")
    )
    risks = list_risks(document.segments, document.gaps, language=transcript.language)
    open_risks = [risk for risk in risks if risk.identity not in accepted]
    return open_risks[:MAX_RISKS], len(open_risks)


@transaction.atomic
def accept_risk(transcript: Transcript, *, place: str, kind: str, text: str) -> None:
    """Note that a place is right; idempotent. It comes back once its text is another."""
    rows = AcceptedRisk.objects.filter(transcript=transcript)
    if lock_transcript(transcript.pk) and rows.count() < _MAX_ACCEPTED:
        AcceptedRisk.objects.get_or_create(
            transcript=transcript, place=place, kind=kind, text=text[:500]
        )
