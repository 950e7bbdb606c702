"""SQLite: the index also has beginnings of one and two characters, which FTS5 otherwise merges out of
the lists of all words that begin so (1,000 hours: 0.8 s a search). The words are copied as they are.
"""

from django.db import migrations

_TOKENS = """tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* S* P* Co'\""""
_NAME = "transcripts_searchchunk_words"


def _make_anew(schema_editor, options):
    if schema_editor.connection.vendor != "sqlite":
        return
    for statement in (
        "DROP TRIGGER transcripts_searchchunk_forget",
        f"CREATE VIRTUAL TABLE {_NAME}_anew USING fts5(words, {options}{_TOKENS})",
        f"INSERT INTO {_NAME}_anew (rowid, words) SELECT rowid, words FROM {_NAME}",
        f"DROP TABLE {_NAME}",
        f"ALTER TABLE {_NAME}_anew RENAME TO {_NAME}",
        "CREATE TRIGGER transcripts_searchchunk_forget AFTER DELETE ON transcripts_searchchunk "
        f"BEGIN DELETE FROM {_NAME} WHERE rowid = old.id; END",
    ):
        schema_editor.execute(statement)


def index_beginnings(apps, schema_editor):
    _make_anew(schema_editor, "prefix='1 2', ")


def index_words_only(apps, schema_editor):
    _make_anew(schema_editor, "")


class Migration(migrations.Migration):
    dependencies = [
        ("transcripts", "0015_told_ms"),
    ]

    operations = [migrations.RunPython(index_beginnings, index_words_only)]
