from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"

    def ready(self) -> None:
        from operations.registry import register
        from services.runners import DEPLOY_SERVICE

        register(DEPLOY_SERVICE)
