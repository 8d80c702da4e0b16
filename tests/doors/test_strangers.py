"""A stranger is whoever did not prove who they are: nothing they send is a way around the limit of their address."""

import asyncio

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Actor
from mctl.asgi import application
from tests import builders
from tests.doors.test_limits import signed_in

GUESS = {"authorization": "Bearer mctl_pat_guess"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/sandbox/sign-in/", "/nowhere/", "/oauth/register", "/api/v1/nowhere", "/api/v1/mcp"]
)
def test_a_header_that_nobody_verified_is_no_way_around_the_limit(few: None, path: str) -> None:
    stranger = Client(REMOTE_ADDR="192.0.2.11", headers={"Authorization": "Bearer mctl_pat_guess"})

    answers = [stranger.get(path).status_code for _ in range(4)]

    assert 429 not in answers[:3]
    assert answers[-1] == 429


@pytest.mark.django_db
def test_a_session_beside_a_bad_token_does_not_make_it_good(few: None) -> None:
    builders.the_cast()
    guessing = signed_in("dev")

    answers = [guessing.get("/api/v1/whoami", headers=GUESS, REMOTE_ADDR="192.0.2.12").status_code for _ in range(4)]

    assert answers == [401, 401, 401, 429]


@pytest.mark.django_db
def test_good_tokens_behind_one_gateway_do_not_add_up(few: None, olga: Actor, vera: Actor) -> None:
    builders.the_cast()
    clients = [Client(REMOTE_ADDR="192.0.2.13", headers=token_of(person)) for person in (olga, vera)]

    answers = [client.get("/api/v1/whoami").status_code for client in clients for _ in range(4)]

    assert answers == [200] * 8


@pytest.mark.django_db
def test_preflights_prove_nobody(few: None) -> None:
    asked = {"Origin": "https://claude.ai", "Access-Control-Request-Method": "POST"}
    client = Client(REMOTE_ADDR="192.0.2.14", headers=asked)

    assert [client.options("/oauth/token").status_code for _ in range(4)] == [204, 204, 204, 429]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"accept": "text/html"}),
        (200, {"accept": "text/html", **GUESS}),
        (401, {}),
        (401, GUESS),
        (401, {"authorization": "Basic eDp5"}),
        (403, {"origin": "https://evil.dev", **GUESS}),
        (421, {"host": "evil.dev", **GUESS}),
    ],
)
def test_nothing_at_mcp_is_a_way_around_the_limit(few: None, status: int, headers: dict[str, str]) -> None:
    assert [at_mcp("GET", headers) for _ in range(4)] == [status] * 3 + [429]


@pytest.mark.django_db(transaction=True)
def test_preflights_at_mcp_prove_nobody(few: None) -> None:
    asked = {"origin": "http://127.0.0.1:8000", "access-control-request-method": "POST", **GUESS}

    assert [at_mcp("OPTIONS", asked) for _ in range(4)] == [204, 204, 204, 429]


@pytest.mark.django_db(transaction=True)
def test_good_tokens_at_mcp_do_not_add_up(few: None, olga: Actor, vera: Actor) -> None:
    builders.the_cast()

    answers = [at_mcp("GET", token) for token in (token_of(olga), token_of(vera)) for _ in range(4)]

    # Let in, and told that there is nothing to listen to.
    assert answers == [405] * 8


def token_of(actor: Actor) -> dict[str, str]:
    Person.objects.signed_in(actor.name)
    return {"authorization": f"Bearer {create_token(actor, name='ci', scopes=['read'], days=1).secret}"}


def at_mcp(method: str, headers: dict[str, str]) -> int:
    named = {"host": "127.0.0.1:8000", **{name.lower(): value for name, value in headers.items()}}
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    scope = {"type": "http", "method": method, "path": "/mcp", "query_string": b"", "headers": pairs}

    async def talk() -> int:
        wire = ApplicationCommunicator(application, {**scope, "client": ["192.0.2.15", 1]})
        await wire.send_input({"type": "http.request", "body": b""})
        return int((await wire.receive_output(10))["status"])

    return asyncio.run(talk())
