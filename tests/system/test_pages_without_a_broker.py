"""Pages while the broker, the cache and the channel layer are away, which are one server in production."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import builders
from tests.doors.test_permissions import client_of
from tests.house.visitor import readable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(
    valkey: None, kubernetes: Path, git_server: str, github_server: Any, fresh_gateways: None,
    broker_at: Callable[[str], None], settings: Any, tmp_path: Path,
) -> Client:  # fmt: skip
    """Signed in before the broker went away."""
    builders.the_cast()
    client = client_of("ada")
    socket, layer = f"{tmp_path}/nobody.sock", settings.CHANNEL_LAYERS["default"]
    broker_at(f"redis+socket://{socket}")
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{socket}"}}
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": [f"unix://{socket}"]}}}
    return client


@pytest.mark.parametrize("path", ["/", "/services/", "/operations/", "/guide/", "/healthz", "/readyz"])
def test_pages_and_probes_answer(ada: Client, path: str) -> None:
    assert ada.get(path).status_code == 200


def test_strangers_can_sign_in(ada: Client) -> None:
    assert Client().get("/sign-in/").status_code == 200


def test_the_system_check_says_what_is_away(ada: Client) -> None:
    page = readable(ada.get("/system/check/").content.decode())

    for remedied in ("Broker", "Cache", "Channel layer"):
        assert f"{remedied} ConnectionError" in page or f"{remedied} OperationalError" in page
    assert "See that the server of MCTL_BROKER_URL runs" in page
    assert "Workers See the line of Broker." in page


def test_the_system_check_names_what_fails_under_its_banner(ada: Client) -> None:
    page = ada.get("/system/check/").content.decode()
    before_the_lines = page[page.index('id="check"') : page.index('id="group-1"')]

    assert "This installation: Broker</a>" in before_the_lines
    assert 'href="#group-1"' in before_the_lines
    assert "Helm" not in before_the_lines
