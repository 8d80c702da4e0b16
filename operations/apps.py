from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        # The models behind it can be imported only now.
        from core.audit import WRITER
        from operations.engine.audit import record_attempt

        WRITER.fill(record_attempt)
