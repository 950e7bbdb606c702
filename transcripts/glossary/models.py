"""The terms of an account: of all its recordings, or of those with a tag."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.option_kinds import MAX_WORD_CHARACTERS


class GlossaryTerm(models.Model):
    """A word or name as it is spelt. `misheard`: how it comes out wrong, to be found again."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="glossary"
    )
    tag = models.CharField(max_length=50, blank=True)  # empty: of all recordings
    text = models.CharField(max_length=MAX_WORD_CHARACTERS)
    misheard = models.JSONField(default=list, blank=True)  # of strings

    class Meta:
        ordering: ClassVar[list[str]] = ["tag", "text"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["owner", "tag", "text"], name="transcripts_glossary_term_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tag or 'all'}: {self.text}"
