from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    routes = "tenants.urls"

    def ready(self) -> None:
        from accounts.registry import set_membership_taker
        from core.gate import set_explainer
        from core.page import HOME
        from operations.registry import set_freshness, set_people
        from tenants.engine import relied_upon, take_memberships
        from tenants.panels import HOME_PIECES, TENANT_PAGE, TENANT_PIECES
        from tenants.queries import actor_for, whom_to_ask

        set_people(actor_for)
        set_freshness(relied_upon)
        set_membership_taker(take_memberships)
        set_explainer(whom_to_ask)
        HOME.add(*HOME_PIECES)
        TENANT_PAGE.add(*TENANT_PIECES)
