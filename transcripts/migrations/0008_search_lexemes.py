"""Two indexes on PostgreSQL, one for the rows of wholes and one for the others, and vectors written
another way (`services/search_lexemes`): `manage.py rebuild_search_index` writes them.
"""

from django.db import migrations

# pglz gives vectors up as incompressible; lz4 takes two fifths off, where the server has it.
COMPRESS = """
DO $$ BEGIN
    EXECUTE 'ALTER TABLE transcripts_searchchunk ALTER COLUMN vector SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN NULL;
END $$
"""


def divide_index(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        "DELETE FROM transcripts_searchchunk",
        COMPRESS,
        "DROP INDEX transcripts_chunk_words",
        "CREATE INDEX transcripts_chunk_words ON transcripts_searchchunk USING gin (vector)"
        " WHERE bucket >= -1",
        "CREATE INDEX transcripts_whole_words ON transcripts_searchchunk USING gin (vector)"
        " WHERE bucket = -2",
    ):
        schema_editor.execute(statement)


def join_index(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for statement in (
        "DELETE FROM transcripts_searchchunk",
        "DROP INDEX transcripts_whole_words",
        "DROP INDEX transcripts_chunk_words",
        "CREATE INDEX transcripts_chunk_words ON transcripts_searchchunk USING gin (vector)",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("transcripts", "0007_live_sessions"),
    ]

    operations = [migrations.RunPython(divide_index, join_index)]
