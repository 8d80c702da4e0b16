"""The plugins with the fixtures that tests share. Nothing starts that no test asked for."""

import shutil

from tests.settings import TEST_DIR

pytest_plugins = [
    "tests.plugins.cast",
    "tests.plugins.database",
    "tests.plugins.fast",
    "tests.plugins.git_host",
    "tests.plugins.identity",
    "tests.plugins.mcp",
    "tests.plugins.order",
    "tests.plugins.platform",
    "tests.plugins.real_cluster",
]


def pytest_unconfigure() -> None:
    """After the test database is gone, which lies in there too."""
    shutil.rmtree(TEST_DIR, ignore_errors=True)
