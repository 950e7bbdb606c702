from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        post_migrate.connect(_add_missing_rows, sender=self)
        # These import models, which can't be imported before this.
        from accounts.services.user_data import UserDataProvider, register_user_data
        from billing.user_data import export_billing, remove_person

        register_user_data("billing", UserDataProvider(export=export_billing, remove=remove_person))


def _add_missing_rows(*, using: str, **details: object) -> None:
    """Put plans and credit packs in after migrating, as Django does with its content types.

    Not in a migration: a test that flushes the database would go on without them.
    """
    # Models can't be imported before this.
    from billing.payments.offers import add_default_packs
    from billing.plans import add_missing_plans

    add_missing_plans(using=using)
    add_default_packs(using=using)
