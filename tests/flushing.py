"""Tables emptied after a test that commits: those that it wrote to, and no others.

Django's own flush truncates all of some eighty tables and then makes permissions and content types
again, which takes longer than most tests do: on PostgreSQL, each truncated table is a file.
"""

import functools

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

from billing.payments.offers import add_default_packs
from billing.plans import add_missing_plans

# As every installation has them, by its migrations; no test makes its own.
_UNTOUCHED = {"auth_permission", "django_content_type", "django_migrations"}

_flush_all = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def flush_what_was_written(case: TransactionTestCase) -> None:
    """Stand for `TransactionTestCase._fixture_teardown`."""
    connection = connections["default"]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW is_superuser")
            if cursor.fetchone() != ("on",):
                _flush_all(case)
                return
            # No foreign keys, and no triggers: the ledger's refuses that anything is deleted.
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_find_written(connection.alias))
        for (name,) in cursor.fetchall():
            table = connection.ops.quote_name(name)
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608  # a table of Django's
        # As after every migration: an edited plan is as it was again.
        add_missing_plans()
        add_default_packs()


@functools.cache
def _find_written(alias: str) -> str:
    """Return the query for the names of all tables that have a row."""
    connection: BaseDatabaseWrapper = connections[alias]
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})"  # noqa: S608
        for name in sorted(set(names) - _UNTOUCHED)
    )
