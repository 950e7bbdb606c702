from collections.abc import Iterator

import pytest

from accounts.keys.cache import evict_keys
from tests.accounts.key_throttle import reset_key_throttle
from tests.accounts.people import Person, create_person
from tests.billing.conftest import within_a_minute

__all__ = ["within_a_minute"]


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests() -> Iterator[None]:
    """What a process remembers of keys and addresses outlives a test's rolled back database."""
    evict_keys()
    reset_key_throttle()
    yield
    evict_keys()
    reset_key_throttle()


@pytest.fixture
def owner(db: None) -> Person:
    return create_person("owner@example.com")


@pytest.fixture
def outsider(db: None) -> Person:
    return create_person("outsider@example.com")
