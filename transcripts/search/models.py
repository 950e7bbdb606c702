"""The full-text search index: a transcript's words, folded, in chunks.

The words themselves are where the database searches them: on PostgreSQL in a column `vector`
(tsvector, GIN) of this table, on SQLite in the FTS5 table `transcripts_searchchunk_words`, whose
rowid is this table's id. Both are made by the migration and used by `search/index` and
`search/query` only.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models

from transcripts.models.transcript import Transcript

TITLE_BUCKET = -1
WHOLE_BUCKET = -2  # on PostgreSQL: every word once, of title and text


class SearchChunk(models.Model):
    """`bucket`: the minutes that its segments begin in (`search/index`), the
    title, or the whole."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="chunks")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    bucket = models.IntegerField()
    part = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transcript", "bucket", "part"], name="transcripts_chunk_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.transcript_id}: {self.bucket}.{self.part}"
