from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"
    routes = "operations.urls"

    def ready(self) -> None:
        # The models behind it can be imported only now.
        from core.audit import WRITER
        from core.page import HOME
        from operations.engine.audit import record_attempt
        from operations.panels import RUNNING

        WRITER.fill(record_attempt)
        HOME.add(RUNNING)
