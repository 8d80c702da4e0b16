from django.apps import AppConfig


class ObserverConfig(AppConfig):
    name = "observer"
