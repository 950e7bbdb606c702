"""Field names by the field's words; no data changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_checkout_keys")]

    operations = [
        migrations.RenameField(model_name="hold", old_name="heard_ms", new_name="billed_ms"),
        migrations.RenameField(model_name="stripeobject", old_name="looks", new_name="fetches"),
    ]
