"""What a person looked at and found right."""

from typing import ClassVar

from django.db import models

from transcripts.models.transcript import Transcript


class AcceptedRisk(models.Model):
    """One place that needs no look any more, for as long as its text stays as it was.

    `place`: the key of its segment or gap. `text`: what stood there.
    """

    transcript = models.ForeignKey(
        Transcript, on_delete=models.CASCADE, related_name="accepted_risks"
    )
    place = models.CharField(max_length=16)
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "place", "kind", "text"], name="transcripts_risk_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}"
