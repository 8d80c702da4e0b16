from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning, register

from core.start import TAG


class AccountsConfig(AppConfig):
    name = "accounts"
    routes = "accounts.urls"

    def ready(self) -> None:
        register(organisation_is_set, TAG)


def organisation_is_set(**options: Any) -> list[CheckMessage]:
    """Not an error: an installation may live on Dex and personal tokens alone."""
    # Policies import the settings, which are not there yet when this module is read.
    from accounts.policies import may_github_vouch

    decision = may_github_vouch()
    if decision.allowed:
        return []
    sentence = f"{decision.reason} MCTL_PLATFORM_ADMINS has no effect either."
    return [Warning(sentence, hint="Set MCTL_GITHUB_ORG, and MCTL_GITHUB_ORG_ID beside it.", id="accounts.W001")]
