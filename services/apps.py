from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"

    def ready(self) -> None:
        from operations.registry import register
        from services.runners import OPERATIONS

        for operation in OPERATIONS:
            register(operation)
