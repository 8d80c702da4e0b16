"""Settings of the suite with one more app, which declares a kind of its own."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.observer.trees"]  # noqa: F405
