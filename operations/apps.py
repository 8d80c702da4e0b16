from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        # The models behind it can be imported only now.
        from core.audit import set_writer
        from operations.engine.audit import record_attempt

        set_writer(record_attempt)
