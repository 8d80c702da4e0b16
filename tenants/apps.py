from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    routes = "tenants.urls"

    def ready(self) -> None:
        from accounts.registry import MEMBERSHIP_TAKER
        from core.gate import EXPLAINER
        from core.page import HOME
        from operations.registry import FRESHNESS, PEOPLE
        from tenants.engine import relied_upon, take_memberships
        from tenants.panels import HOME_PIECES, TENANT_PAGE, TENANT_PIECES
        from tenants.queries import actor_for, whom_to_ask

        PEOPLE.fill(actor_for)
        FRESHNESS.fill(relied_upon)
        MEMBERSHIP_TAKER.fill(take_memberships)
        EXPLAINER.fill(whom_to_ask)
        HOME.add(*HOME_PIECES)
        TENANT_PAGE.add(*TENANT_PIECES)
