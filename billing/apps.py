from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        post_migrate.connect(_add_missing_plans, sender=self)


def _add_missing_plans(*, using: str, **details: object) -> None:
    """Put the plans in after migrating, as Django does with its content types.

    Not in a migration: a test that flushes the database would go on without them.
    """
    from billing.plans import add_missing_plans  # models can't be imported before this

    add_missing_plans(using=using)
