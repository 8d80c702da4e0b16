from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    """Hands the live diagnosis to the operations below, and to the rules what the operations accept. Collects what
    every app makes diagnosable."""

    name = "diagnosis"

    def ready(self) -> None:
        from core.discovery import app_modules
        from diagnosis import registry
        from diagnosis.queries import diagnose_service
        from diagnosis.queries.operation_parameters import accepts_parameters
        from diagnosis.rules.report.remedies import ACCEPTS_PARAMETERS
        from operations.registry import DIAGNOSIS

        DIAGNOSIS.fill(diagnose_service)
        ACCEPTS_PARAMETERS.fill(accepts_parameters)
        # Ours come first: at the doors they stand before those of other apps.
        modules = sorted(app_modules("diagnosis_targets"), key=lambda module: module.__package__ != self.name)
        for target in (target for module in modules for target in module.DIAGNOSIS_TARGETS):
            registry.register(target)
