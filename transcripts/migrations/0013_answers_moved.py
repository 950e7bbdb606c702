from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("transcripts", "0012_move_answers"),
    ]

    operations = [migrations.DeleteModel(name="IdempotencyRecord")]
