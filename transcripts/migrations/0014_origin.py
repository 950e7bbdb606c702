from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def mark_imported(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What was imported until now asked for no model; nobody wrote down what its file said."""
    transcripts = apps.get_model("transcripts", "Transcript").objects
    transcripts.filter(model_requested="", model_used="").update(origin="unknown")


class Migration(migrations.Migration):
    dependencies = [
        ("transcripts", "0013_answers_moved"),
    ]

    operations = [
        migrations.AddField(
            model_name="transcript",
            name="origin",
            field=models.CharField(
                choices=[("machine", "Machine"), ("unknown", "Unknown")],
                default="machine",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="segment",
            name="confidence",
            field=models.FloatField(null=True),
        ),
        migrations.RunPython(mark_imported, migrations.RunPython.noop),
    ]
