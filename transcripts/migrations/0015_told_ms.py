from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transcripts", "0014_origin"),
    ]

    operations = [
        migrations.AddField(
            model_name="livesession",
            name="told_ms",
            field=models.PositiveBigIntegerField(null=True),
        ),
    ]
