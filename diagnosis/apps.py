from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    """Hands the live diagnosis to the operations below, which attach it to what failed."""

    name = "diagnosis"

    def ready(self) -> None:
        from diagnosis.queries import diagnose_service
        from operations.registry import DIAGNOSIS

        DIAGNOSIS.fill(diagnose_service)
