"""Settings of the suite with one more app. The list of apps is the only thing that differs."""

from tests.settings import *  # noqa: F403

_above = INSTALLED_APPS.index("services")  # noqa: F405
INSTALLED_APPS = [*INSTALLED_APPS[:_above], "tests.joining.runbooks", *INSTALLED_APPS[_above:]]  # noqa: F405
