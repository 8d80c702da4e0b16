"""Servers that vouch for people: Dex, and GitHub as far as a token's check asks it."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.core.cache import cache
from pytest_django.fixtures import Settings

from tests.accounts.servers import CLIENT_ID, Dex, GitHub


@pytest.fixture(scope="session")
def dex_keys() -> dict[str, RSAPrivateKey]:
    return {}


@pytest.fixture
def dex(settings: Settings, valkey: None, dex_keys: dict[str, RSAPrivateKey]) -> Iterator[Dex]:
    server = Dex()
    server.begin(dex_keys)
    settings.DEX_ISSUER, settings.DEX_CLIENT_ID = server.url, CLIENT_ID
    yield server
    server.stop()


@pytest.fixture
def token_github(settings: Settings, valkey: None) -> Iterator[GitHub]:
    cache.clear()
    server = GitHub()
    server.begin()
    settings.GITHUB_URL = server.url
    yield server
    server.stop()
