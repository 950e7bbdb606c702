"""The migrations are complete, and a database that they made is one that the models can use."""

from io import StringIO

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_change_of_a_model_lacks_its_migration() -> None:
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert "No changes detected" in out.getvalue()


@pytest.mark.database
@pytest.mark.django_db
def test_the_models_pass_the_checks_of_the_database_that_the_migrations_made() -> None:
    call_command("check", databases=["default"], fail_level="WARNING")
