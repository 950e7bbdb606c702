import pytest

from tests.accounts.people import Person, create_person


@pytest.fixture
def owner(db: None) -> Person:
    return create_person("owner@example.com")
