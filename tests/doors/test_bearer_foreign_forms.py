"""What a page of another site can send through somebody's browser: forms, requests with the session, sockets."""

import asyncio

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from accounts.models import Person
from mctl.asgi import application
from operations.models import Operation
from tests import builders
from tests.doors.test_permissions import ROUTES, url_of

pytestmark = pytest.mark.django_db(transaction=True)
# No cookie counts there: an OAuth client shows a code or a token, and the wrong address of /mcp knows nobody.
WITHOUT_SESSION = {"oauth:token", "oauth:register", "oauth:revoke", "api:mcp_elsewhere"}
PRETENDED = {"HX-Request": "true", "X-HTTP-Method-Override": "GET"}
KINDS = ("application/x-www-form-urlencoded", "text/plain", "application/json")


def olga() -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.signed_in("olga"))
    return client


@pytest.mark.parametrize("name", [name for name in ROUTES if name not in WITHOUT_SESSION])
def test_no_route_takes_a_post_that_another_site_sent(name: str, valkey: None) -> None:
    builders.the_cast()
    builders.service()
    builders.operation()
    client, before = olga(), Operation.objects.count()

    for kind in KINDS:
        answer = client.post(url_of(name), data="{}", content_type=kind, headers=PRETENDED)
        assert answer.status_code in {403, 405}, (name, kind, answer.status_code)
    assert Operation.objects.count() == before


@pytest.mark.parametrize("origin", ["https://evil.dev", "null", "http://127.0.0.1.evil.dev:8000"])
def test_a_socket_from_another_site_is_refused(origin: str, valkey: None) -> None:
    cookie = olga().cookies["mctl-session"].value

    async def first_answer(origin: str) -> str:
        headers = [(b"host", b"127.0.0.1:8000"), (b"origin", origin.encode())]
        headers.append((b"cookie", f"mctl-session={cookie}".encode()))
        scope = {"type": "websocket", "path": "/ws/changes/", "headers": headers, "client": ["198.51.100.4", 1]}
        wire = ApplicationCommunicator(application, scope)
        await wire.send_input({"type": "websocket.connect"})
        said = str((await wire.receive_output(10))["type"])
        await wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await wire.wait(10)
        return said

    assert asyncio.run(first_answer(origin)) == "websocket.close"
    assert asyncio.run(first_answer("http://127.0.0.1:8000")) == "websocket.accept"
