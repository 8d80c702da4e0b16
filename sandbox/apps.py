from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """The embedded platform. Installed only where the sandbox setting is on."""

    name = "sandbox"
