from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    """Hands the live diagnosis to the operations below, which attach it to what failed."""

    name = "diagnosis"
    routes = "diagnosis.urls"

    def ready(self) -> None:
        from diagnosis.panels import SERVICE_PIECES, TENANT_PIECES
        from diagnosis.queries import diagnose_service
        from operations.registry import set_diagnosis
        from services.panels import SERVICE_PAGE
        from tenants.panels import TENANT_PAGE

        set_diagnosis(diagnose_service)
        SERVICE_PAGE.add(*SERVICE_PIECES)
        TENANT_PAGE.add(*TENANT_PIECES)
