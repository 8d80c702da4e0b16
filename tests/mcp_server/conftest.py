"""A real server for the tests that read streams."""

from collections.abc import Iterator

import pytest

from mctl.asgi import application
from tests.mcp_server.clients import served


@pytest.fixture
def server(small_world: None) -> Iterator[str]:
    """The address of a real server: streams arrive as they are written, and lifespan is answered."""
    with served(application) as url:
        yield url
