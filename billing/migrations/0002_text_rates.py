"""Work on texts costs no credits: a rate of its own, by plan."""

from django.db import migrations, models

RATES = {"free": 20, "paid": 120, "private": 120}


def set_rates(apps, schema_editor):
    plans = apps.get_model("billing", "Plan").objects.using(schema_editor.connection.alias)
    for plan_id, rate in RATES.items():
        plans.filter(pk=plan_id).update(text_requests_per_minute=rate)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="text_requests_per_minute",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunPython(set_rates, migrations.RunPython.noop),
    ]
