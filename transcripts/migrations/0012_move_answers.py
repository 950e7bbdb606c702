"""The answers of the last day go to `accounts`, and what they tell of stays here."""

from django.db import migrations

MOVED = (
    "owner_id",
    "key",
    "fingerprint",
    "claim",
    "claimed_until",
    "created_at",
    "status_code",
    "headers",
    "body",
    "is_forgotten",
)


def move_answers(apps, schema_editor):
    record = apps.get_model("accounts", "IdempotencyRecord")
    about = apps.get_model("transcripts", "AnswerAbout")
    for old in apps.get_model("transcripts", "IdempotencyRecord").objects.iterator():
        moved = record.objects.create(**{name: getattr(old, name) for name in MOVED})
        if old.transcript_id is not None:
            about.objects.create(record_id=moved.pk, transcript_id=old.transcript_id)


class Migration(migrations.Migration):
    dependencies = [
        ("transcripts", "0011_answers_about"),
    ]

    operations = [migrations.RunPython(move_answers, migrations.RunPython.noop)]
