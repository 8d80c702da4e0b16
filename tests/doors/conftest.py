"""Limits that a test can reach in a fresh minute, and the cast of the tests of bearer tokens."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches

from accounts.models import Person
from tests import builders


@pytest.fixture
def fresh_minute(valkey: None) -> Iterator[None]:
    forget_all()
    yield
    forget_all()


def forget_all() -> None:
    """The limits only: the same server is the broker."""
    client = caches["default"]._cache.get_client(None, write=True)
    for counted in ("limit", "open"):
        for key in client.scan_iter(match=f"*:{counted}:*"):
            client.delete(key)


@pytest.fixture
def few(fresh_minute: None, settings: Any) -> None:
    settings.READS_PER_MINUTE, settings.WRITES_PER_MINUTE = 5, 2
    settings.PAGES_PER_MINUTE, settings.STRANGERS_PER_MINUTE = 4, 3


@pytest.fixture
def signed_in_cast(valkey: None, transactional_db: None) -> None:
    cache.clear()
    builders.the_cast()
    Person.objects.signed_in("olga")
