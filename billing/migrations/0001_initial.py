"""The tables of billing, and the triggers by which the database refuses to change the ledger.

SQLite's trigger leaves deletion alone: it is how Django's tests empty a database there (PostgreSQL
truncates). Rebuilding a table, as SQLite does for most migrations, drops its trigger: a later
migration of the table makes it again (tests ask for both).
"""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.apps.registry import Apps
from django.db import migrations, models
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

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BillingAccount',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('credits_available', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='billing_account', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'billing account',
                'verbose_name_plural': 'billing accounts',
            },
        ),
        migrations.CreateModel(
            name='InvoiceSeries',
            fields=[
                ('id', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('last_number', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.SlugField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('monthly_minutes', models.PositiveIntegerField(default=0)),
                ('daily_transcriptions', models.PositiveIntegerField(default=0)),
                ('max_file_bytes', models.PositiveBigIntegerField()),
                ('concurrency', models.PositiveIntegerField()),
                ('requests_per_minute', models.PositiveIntegerField(default=0)),
                ('text_requests_per_minute', models.PositiveIntegerField(default=0)),
                ('price_cents', models.PositiveIntegerField(default=0)),
                ('currency', models.CharField(default='USD', max_length=3)),
                ('is_metered', models.BooleanField(default=True)),
                ('has_private_cloud', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'plan',
                'verbose_name_plural': 'plans',
            },
        ),
        migrations.CreateModel(
            name='StripeEvent',
            fields=[
                ('id', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('type', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField()),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('processed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='StripeObject',
            fields=[
                ('id', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('fetches', models.PositiveBigIntegerField(default=0)),
                ('latest_applied', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='AnonymousUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address_digest', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'anonymous use',
                'verbose_name_plural': 'anonymous uses',
                'constraints': [models.UniqueConstraint(fields=('address_digest', 'day'), name='billing_use_a_day')],
            },
        ),
        migrations.CreateModel(
            name='StripeCustomer',
            fields=[
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='stripe_customer', serialize=False, to='billing.billingaccount')),
                ('customer_id', models.CharField(max_length=255, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('minutes_granted', models.PositiveIntegerField()),
                ('minutes_available', models.IntegerField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allowances', to='billing.billingaccount')),
            ],
            options={
                'verbose_name': 'allowance',
                'verbose_name_plural': 'allowances',
            },
        ),
        migrations.CreateModel(
            name='CloudInstance',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('region', models.CharField(blank=True, max_length=60)),
                ('target', models.CharField(max_length=255)),
                ('is_tls', models.BooleanField(default=True, verbose_name='TLS')),
                ('ca_pem', models.TextField(blank=True, verbose_name='CA certificate (PEM)')),
                ('token_encrypted', models.TextField(blank=True, editable=False)),
                ('status', models.CharField(choices=[('active', 'Active'), ('draining', 'Draining'), ('removed', 'Removed')], default='active', max_length=10)),
                ('gpu', models.CharField(blank=True, max_length=100, verbose_name='GPU')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cloud_instances', to='billing.billingaccount')),
            ],
            options={
                'verbose_name': 'cloud instance',
                'verbose_name_plural': 'cloud instances',
            },
        ),
        migrations.CreateModel(
            name='CreditPack',
            fields=[
                ('id', models.SlugField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('credits', models.PositiveIntegerField()),
                ('price_cents', models.PositiveIntegerField()),
                ('currency', models.CharField(default='USD', max_length=3)),
                ('is_offered', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'credit pack',
                'verbose_name_plural': 'credit packs',
                'constraints': [models.CheckConstraint(condition=models.Q(('credits__gte', 1), ('price_cents__gte', 1)), name='billing_a_pack_has_a_price')],
            },
        ),
        migrations.CreateModel(
            name='Checkout',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('credits', models.PositiveIntegerField(default=0)),
                ('amount_cents', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('url', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checkouts', to='billing.billingaccount')),
                ('pack', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.creditpack')),
                ('plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.plan')),
            ],
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=64, unique=True)),
                ('allowance_minutes', models.PositiveIntegerField(default=0)),
                ('credit_minutes', models.PositiveIntegerField(default=0)),
                ('settled_allowance_minutes', models.PositiveIntegerField(default=0)),
                ('settled_credit_minutes', models.PositiveIntegerField(default=0)),
                ('billed_ms', models.PositiveBigIntegerField(default=0)),
                ('kind', models.CharField(default='file', max_length=16)),
                ('extensions', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('held', 'Held'), ('settled', 'Settled'), ('released', 'Released')], default='held', max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='billing.billingaccount')),
                ('allowance', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.allowance')),
            ],
            options={
                'verbose_name': 'hold',
                'verbose_name_plural': 'holds',
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bucket', models.CharField(choices=[('credits', 'Credits'), ('allowance', 'Allowance')], max_length=10)),
                ('kind', models.CharField(choices=[('grant', 'Grant'), ('allowance', 'Allowance'), ('purchase', 'Purchase'), ('hold', 'Hold'), ('settlement', 'Settlement'), ('release', 'Release'), ('refund', 'Refund')], max_length=12)),
                ('amount', models.BigIntegerField()),
                ('reference', models.CharField(max_length=100)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='billing.billingaccount')),
                ('allowance', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.allowance')),
                ('hold', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='billing.hold')),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger entries',
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=255, unique=True)),
                ('credits', models.PositiveIntegerField(default=0)),
                ('amount_cents', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('paid_at', models.DateTimeField()),
                ('refunded_cents', models.PositiveIntegerField(default=0)),
                ('disputed_cents', models.PositiveIntegerField(default=0)),
                ('dispute_state', models.CharField(blank=True, choices=[('', '–'), ('inquiry', 'Inquiry'), ('open', 'Open'), ('won', 'Won'), ('lost', 'Lost')], default='', max_length=8)),
                ('credits_taken', models.PositiveIntegerField(default=0)),
                ('credits_owed', models.PositiveIntegerField(default=0)),
                ('credits_written_off', models.PositiveIntegerField(default=0)),
                ('corrections', models.PositiveIntegerField(default=0)),
                ('credited_cents', models.PositiveIntegerField(default=0)),
                ('needs_attention', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='billing.billingaccount')),
                ('checkout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='billing.checkout')),
            ],
            options={
                'verbose_name': 'payment',
                'verbose_name_plural': 'payments',
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=32, unique=True)),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('receipt', 'Receipt'), ('credit_note', 'Credit Note')], max_length=12)),
                ('sequence', models.PositiveIntegerField(default=0)),
                ('corrects', models.CharField(blank=True, max_length=32)),
                ('description', models.CharField(max_length=200)),
                ('amount_cents', models.IntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('vat_percent', models.DecimalField(decimal_places=2, max_digits=5)),
                ('seller', models.JSONField()),
                ('buyer', models.JSONField()),
                ('language', models.CharField(max_length=8)),
                ('paid_at', models.DateTimeField()),
                ('issued_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.billingaccount')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.payment')),
            ],
            options={
                'verbose_name': 'invoice',
                'verbose_name_plural': 'invoices',
            },
        ),
        migrations.AddField(
            model_name='billingaccount',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='billing.plan'),
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('stripe_id', models.CharField(max_length=255, unique=True)),
                ('status', models.CharField(max_length=32)),
                ('is_live', models.BooleanField(default=False)),
                ('cancels_at_period_end', models.BooleanField(default=False)),
                ('period_start', models.DateTimeField(blank=True, null=True)),
                ('period_end', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='billing.billingaccount')),
                ('checkout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='billing.checkout')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='billing.plan')),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscriptions',
            },
        ),
        migrations.AddConstraint(
            model_name='allowance',
            constraint=models.UniqueConstraint(fields=('account', 'month'), name='billing_allowance_a_month'),
        ),
        migrations.AddConstraint(
            model_name='allowance',
            constraint=models.CheckConstraint(condition=models.Q(('minutes_available__gte', 0)), name='billing_no_overdraft_of_minutes'),
        ),
        migrations.AddConstraint(
            model_name='cloudinstance',
            constraint=models.CheckConstraint(condition=models.Q(('is_tls', True), ('token_encrypted', ''), _connector='OR'), name='billing_no_token_without_tls', violation_error_message='A token is only sent over TLS: switch TLS on.'),
        ),
        migrations.AddConstraint(
            model_name='cloudinstance',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'removed'), _negated=True), fields=('account', 'name'), name='billing_instance_name_once', violation_error_message='The account has an instance of this name.'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['account', 'created_at'], name='billing_holds_by_day'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('settled_allowance_minutes__lte', models.F('allowance_minutes')), ('settled_credit_minutes__lte', models.F('credit_minutes'))), name='billing_never_settled_above_the_hold'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['account', 'bucket', 'created_at'], name='billing_led_account_975367_idx'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('reference', 'kind', 'bucket'), name='billing_each_movement_once'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('credits_owed__gt', 0)), fields=['account'], name='billing_debts'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('credits_taken__lte', models.F('credits'))), name='billing_no_more_taken_than_sold'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['account', 'issued_at'], name='billing_invoices_by_date'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('payment', 'kind', 'sequence'), name='billing_each_document_once'),
        ),
        migrations.AddConstraint(
            model_name='checkout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('pack', None), ('plan__isnull', False)), models.Q(('pack__isnull', False), ('plan', None)), _connector='OR'), name='billing_a_checkout_is_for_a_pack_or_a_plan'),
        ),
        migrations.AddConstraint(
            model_name='billingaccount',
            constraint=models.CheckConstraint(condition=models.Q(('credits_available__gte', 0)), name='billing_no_overdraft_of_credits'),
        ),
        migrations.RunPython(add_triggers, remove_triggers),
    ]
