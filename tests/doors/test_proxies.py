"""Behind a proxy that ends TLS: a trusted proxy says how a request was sent, and nobody else does."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from mctl.proxies import ForwardedScheme

PROXY, STRANGER = "10.0.0.5", "192.0.2.7"
Headers = list[tuple[bytes, bytes]]


@pytest.fixture(autouse=True)
def one_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [PROXY]
    settings.ALLOWED_HOSTS = ["mctl.example.dev"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600


def scheme_seen(peer: str, kind: str, scheme: str, headers: Headers) -> str:
    seen = {}

    async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        seen.update(scope)

    scope = {"type": kind, "scheme": scheme, "client": [peer, 1], "headers": headers}
    asyncio.run(ForwardedScheme(application)(scope, None, None))  # type: ignore[arg-type]
    return str(seen["scheme"])


@pytest.mark.parametrize(
    ("peer", "kind", "forwarded", "seen"),
    [
        (PROXY, "http", [b"https"], "https"),
        (PROXY, "websocket", [b"https"], "wss"),
        (f"::ffff:{PROXY}", "http", [b"https"], "https"),
        (PROXY, "http", [], "http"),
        (PROXY, "http", [b"http"], "http"),
        (PROXY, "http", [b"https", b"http"], "http"),
        (PROXY, "http", [b"http, https"], "http"),
        (PROXY, "http", [b"javascript"], "http"),
        (STRANGER, "http", [b"https"], "http"),
        (STRANGER, "websocket", [b"https"], "ws"),
    ],
)
def test_the_scheme_is_what_a_trusted_proxy_says(peer: str, kind: str, forwarded: list[bytes], seen: str) -> None:
    headers = [(b"x-forwarded-proto", value) for value in forwarded]

    assert scheme_seen(peer, kind, "ws" if kind == "websocket" else "http", headers) == seen


def test_a_stranger_cannot_make_https_of_their_own_less() -> None:
    assert scheme_seen(STRANGER, "http", "https", [(b"x-forwarded-proto", b"http")]) == "https"


def asked(peer: str, **headers: str) -> tuple[int, dict[str, str]]:
    named = {"host": "mctl.example.dev", **{name.replace("_", "-"): value for name, value in headers.items()}}
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    scope = {"type": "http", "method": "GET", "path": "/nowhere/", "query_string": b"", "headers": pairs}

    async def talk() -> tuple[int, dict[str, str]]:
        application = ForwardedScheme(get_asgi_application())
        wire = ApplicationCommunicator(application, {**scope, "scheme": "http", "client": [peer, 1]})
        await wire.send_input({"type": "http.request", "body": b""})
        start = await wire.receive_output(10)
        return start["status"], {name.decode().lower(): value.decode() for name, value in start["headers"]}

    return asyncio.run(talk())


@pytest.mark.django_db
def test_pages_through_the_proxy_are_https_and_stay_so() -> None:
    status, headers = asked(PROXY, x_forwarded_proto="https")

    assert status == 404
    assert headers["strict-transport-security"] == "max-age=3600"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("peer", "headers"),
    [(PROXY, {"x_forwarded_proto": "http"}), (STRANGER, {"x_forwarded_proto": "https"})],
)
def test_what_came_in_clear_is_sent_to_https_at_our_own_name(peer: str, headers: dict[str, str]) -> None:
    status, answer = asked(peer, x_forwarded_host="evil.dev", x_forwarded_port="666", **headers)

    assert (status, answer["location"]) == (301, "https://mctl.example.dev/nowhere/")
    assert "strict-transport-security" not in answer
