from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from accounts.registry import MEMBERSHIP_TAKER
        from core.gate import EXPLAINER
        from operations.registry import FRESHNESS, PEOPLE
        from tenants.engine import relied_upon, take_memberships
        from tenants.queries import actor_for, whom_to_ask

        PEOPLE.fill(actor_for)
        FRESHNESS.fill(relied_upon)
        MEMBERSHIP_TAKER.fill(take_memberships)
        EXPLAINER.fill(whom_to_ask)
