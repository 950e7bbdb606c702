from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        post_migrate.connect(_create_cache_table, sender=self)


def _create_cache_table(*, using: str, **details: object) -> None:
    """Make the table that failed log-ins are counted in, where it isn't there.

    After every migration: the cache may have been Redis until now.
    """
    call_command("createcachetable", database=using, verbosity=0)
