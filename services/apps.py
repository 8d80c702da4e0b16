from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"

    def ready(self) -> None:
        from operations.forms import add_pages
        from operations.registry import register
        from services.forms import PAGES
        from services.runners import OPERATIONS

        for operation in OPERATIONS:
            register(operation)
        add_pages(PAGES)
