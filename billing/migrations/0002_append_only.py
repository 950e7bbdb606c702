"""The database itself refuses to change an entry of the ledger.

SQLite's trigger leaves deletion alone: it is how Django's tests empty a database there (PostgreSQL
truncates). Rebuilding the table, as SQLite does for most migrations, drops the trigger: a later
migration of this table makes it anew (a test sees to that).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ADD = {
    "sqlite": [
        """
        CREATE TRIGGER billing_ledger_is_append_only BEFORE UPDATE ON billing_ledgerentry
        BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never changed'); END
        """,
    ],
    "postgresql": [
        """
        CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE integrity_constraint_violation
            USING MESSAGE = 'entries of the ledger are never changed'; END $$
        """,
        """
        CREATE TRIGGER billing_ledger_is_append_only BEFORE UPDATE OR DELETE
        ON billing_ledgerentry FOR EACH ROW EXECUTE FUNCTION billing_refuse_change()
        """,
    ],
}
REMOVE = {
    "sqlite": ["DROP TRIGGER billing_ledger_is_append_only"],
    "postgresql": [
        "DROP TRIGGER billing_ledger_is_append_only ON billing_ledgerentry",
        "DROP FUNCTION billing_refuse_change()",
    ],
}


def add_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in ADD[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def remove_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in REMOVE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(add_triggers, remove_triggers)]
