"""What somebody who starts this installation must know. `manage.py check`, `manage.py env` and the web's log say it."""

from django.core.checks import CheckMessage, run_checks

TAG = "mctl"


def start_warnings() -> list[CheckMessage]:
    """What the checks with our tag have to say. An app registers its checks in `ready()`."""
    return run_checks(tags=[TAG])
