from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"
    routes = "services.urls"

    def ready(self) -> None:
        from core.page import HOME
        from operations.forms import add_pages
        from operations.registry import register
        from services.forms import PAGES
        from services.panels import HOME_PIECES, SERVICE_PAGE, SERVICE_PIECES, TENANT_PIECES
        from services.queries.counts import counts_by_tenant
        from services.runners import OPERATIONS
        from tenants.panels import TENANT_PAGE
        from tenants.registry import SERVICE_COUNTS

        for operation in OPERATIONS:
            register(operation)
        add_pages(PAGES)
        SERVICE_COUNTS.fill(counts_by_tenant)
        HOME.add(*HOME_PIECES)
        TENANT_PAGE.add(*TENANT_PIECES)
        SERVICE_PAGE.add(*SERVICE_PIECES)
