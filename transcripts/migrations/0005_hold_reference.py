from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transcripts", "0004_asynchronous")]

    operations = [
        migrations.AddField(
            model_name="transcript",
            name="hold_reference",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
