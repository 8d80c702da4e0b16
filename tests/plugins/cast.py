"""The cast: Olga owns payments, Dev develops, Vera views, Oscar owns only his own tenant, Ada is platform admin."""

import pytest

from core.actor import Actor, Door, Role


def actor(name: str, **roles: Role) -> Actor:
    return Actor(name=name, door=Door.WEB, roles=roles)


@pytest.fixture
def olga() -> Actor:
    return actor("olga", payments=Role.OWNER, storefront=Role.OWNER)


@pytest.fixture
def dev() -> Actor:
    return actor("dev", payments=Role.DEVELOPER, storefront=Role.DEVELOPER)


@pytest.fixture
def vera() -> Actor:
    return actor("vera", payments=Role.VIEWER)


@pytest.fixture
def oscar() -> Actor:
    return actor("oscar", labs=Role.OWNER)


@pytest.fixture
def ada() -> Actor:
    return Actor(name="ada", door=Door.WEB, is_admin=True)
