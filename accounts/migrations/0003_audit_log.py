"""The log of what operators did, which the database itself refuses to change.

As with the ledger, SQLite's trigger leaves deletion alone: it is how Django's tests empty a
database there.
"""

import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ADD = {
    "sqlite": [
        """
        CREATE TRIGGER accounts_audit_is_append_only BEFORE UPDATE ON accounts_auditentry
        BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never changed'); END
        """,
    ],
    "postgresql": [
        """
        CREATE FUNCTION accounts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE integrity_constraint_violation
            USING MESSAGE = 'entries of the audit log are never changed'; END $$
        """,
        """
        CREATE TRIGGER accounts_audit_is_append_only BEFORE UPDATE OR DELETE
        ON accounts_auditentry FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change()
        """,
    ],
}
REMOVE = {
    "sqlite": ["DROP TRIGGER accounts_audit_is_append_only"],
    "postgresql": [
        "DROP TRIGGER accounts_audit_is_append_only ON accounts_auditentry",
        "DROP FUNCTION accounts_refuse_change()",
    ],
}


def add_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in ADD[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def remove_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in REMOVE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_rate_windows")]
    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("operator_id", models.CharField(max_length=40)),
                ("operator_email", models.EmailField(max_length=254)),
                ("action", models.CharField(max_length=60)),
                ("object_type", models.CharField(max_length=60)),
                ("object_id", models.CharField(max_length=64)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("details", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "indexes": [
                    models.Index(
                        fields=["object_type", "object_id", "-at"], name="accounts_audit_object"
                    ),
                    models.Index(fields=["-at"], name="accounts_audit_at"),
                ],
            },
        ),
        migrations.RunPython(add_triggers, remove_triggers),
    ]
