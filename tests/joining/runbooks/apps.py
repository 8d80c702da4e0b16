"""An app as it would join the product: what to do when a service is in trouble, written down beside it."""

from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    name = "tests.joining.runbooks"
    label = "runbooks"
    default_auto_field = "django.db.models.BigAutoField"
    routes = "tests.joining.runbooks.urls"

    def ready(self) -> None:
        from operations.belongings import add_belonging
        from operations.forms import add_pages
        from operations.registry import register
        from services.panels import SERVICE_PAGE
        from tenants.panels import TENANT_PAGE
        from tests.joining.runbooks.belongings import RUNBOOK
        from tests.joining.runbooks.forms import PAGES
        from tests.joining.runbooks.panels import SERVICE_PIECES, TENANT_PIECES
        from tests.joining.runbooks.runners import WRITE_RUNBOOK

        register(WRITE_RUNBOOK)
        add_pages(PAGES)
        add_belonging(RUNBOOK)
        SERVICE_PAGE.add(*SERVICE_PIECES)
        TENANT_PAGE.add(*TENANT_PIECES)
