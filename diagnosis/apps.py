from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    """Hands the live diagnosis to the operations below, and to the rules what the operations accept."""

    name = "diagnosis"

    def ready(self) -> None:
        from diagnosis.queries import diagnose_service
        from diagnosis.queries.operation_parameters import accepts_parameters
        from diagnosis.rules.report.remedies import ACCEPTS_PARAMETERS
        from operations.registry import DIAGNOSIS

        DIAGNOSIS.fill(diagnose_service)
        ACCEPTS_PARAMETERS.fill(accepts_parameters)
