"""A service that is not found: the names that were perhaps meant, among those that may be seen."""

import pytest

from core.actor import Actor
from core.errors import NotFound
from services.queries import access_service
from tests import builders as build

pytestmark = pytest.mark.django_db


def refusal(actor: Actor, tenant: str, name: str) -> NotFound:
    with pytest.raises(NotFound) as refused:
        access_service(actor, tenant=tenant, name=name)
    return refused.value


def test_a_mistyped_name_is_offered_the_nearest(vera: Actor):
    build.service("ledger-api", tenant="payments")

    assert refusal(vera, "payments", "leger-api").remedy == "Did you mean payments/ledger-api?"


def test_the_same_name_in_another_tenant_is_offered(dev: Actor):
    build.service("shop-web", tenant="storefront")

    assert refusal(dev, "payments", "shop-web").facts["nearest"] == ["storefront/shop-web"]


def test_what_is_hidden_is_never_offered(oscar: Actor):
    build.service("ledger-api", tenant="payments")

    assert refusal(oscar, "payments", "leger-api").facts["nearest"] == []
