"""The plugins with the fixtures that tests share. Nothing starts that no test asked for."""

import shutil

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from tests.settings import TEST_DIR

pytest_plugins = [
    "tests.plugins.cast",
    "tests.plugins.git_host",
    "tests.plugins.identity",
    "tests.plugins.mcp",
    "tests.plugins.platform",
    "tests.plugins.real_cluster",
]


@pytest.fixture(scope="module", autouse=True)
def rows_of_nobody_else(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Each file begins with empty tables: real processes of the file before may have written a last row of theirs."""
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)


def pytest_unconfigure() -> None:
    """After the test database is gone, which lies in there too."""
    shutil.rmtree(TEST_DIR, ignore_errors=True)
