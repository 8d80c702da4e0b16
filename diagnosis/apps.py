from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    """Hands the live diagnosis to the operations below, and to the rules what the operations accept. Collects what
    every app makes diagnosable."""

    name = "diagnosis"
    routes = "diagnosis.urls"

    def ready(self) -> None:
        from core.discovery import app_modules
        from diagnosis import registry
        from diagnosis.panels import SERVICE_PIECES, TENANT_PIECES
        from diagnosis.queries import diagnose_service
        from diagnosis.queries.operation_parameters import accepts_parameters
        from diagnosis.rules.report.remedies import ACCEPTS_PARAMETERS
        from operations.registry import DIAGNOSIS
        from services.panels import SERVICE_PAGE
        from tenants.panels import TENANT_PAGE

        DIAGNOSIS.fill(diagnose_service)
        ACCEPTS_PARAMETERS.fill(accepts_parameters)
        SERVICE_PAGE.add(*SERVICE_PIECES)
        TENANT_PAGE.add(*TENANT_PIECES)
        # Ours come first: at the doors they stand before those of other apps.
        modules = sorted(app_modules("diagnosis_targets"), key=lambda module: module.__package__ != self.name)
        for target in (target for module in modules for target in module.DIAGNOSIS_TARGETS):
            registry.register(target)
