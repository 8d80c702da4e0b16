"""Every route, as every person of the cast, against the permission table. A route without a row fails."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Door
from core.gate import PUBLIC
from tenants.queries import actor_for
from tests import builders

AUDIENCES = tomllib.loads((Path(__file__).parents[1] / "permission_table.toml").read_text())
TABLE = {verb: audience["answers"] for audience in AUDIENCES.values() for verb in audience["verbs"]}
PEOPLE = ("stranger", "oscar", "vera", "dev", "olga", "ada")
VALUES = {"tenant": "payments", "name": "payments-api", "public_id": "deploy-service-x7k2p", "path": "mcp"}
VALUES |= {"app_label": "operations", "object_id": "1", "operation": "deploy-service"}
BODIES = {"action": "deploy", "team_name": "payments", "component_name": "checkout-web", "image_tag": "5.1.0"}
API = "v1:"
POSTED_ONLY = {
    "accounts:sign_out",
    "github_login",
    "oauth:register",
    "oauth:revoke",
    "oauth:token",
    "operations:operation_cancel",
    "tenants:account_refresh",
    "v1:cancel",
    "v1:execute",
    "v1:plan",
}


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            space = f"{entry.namespace}:" if entry.namespace else ""
            yield from routes(entry, f"{prefix}{space}")
        else:
            yield f"{prefix}{entry.name}", entry


ROUTES = dict(routes())


def verb_of(pattern: URLPattern) -> str:
    return getattr(pattern.callback, "gate_verb", "")


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_names_its_verb_and_the_table_has_a_row_for_it(name: str) -> None:
    assert verb_of(ROUTES[name]) in TABLE


def test_the_table_has_no_row_that_no_route_uses() -> None:
    assert set(TABLE) == {verb_of(pattern) for pattern in ROUTES.values()}


def test_every_audience_decides_for_everybody() -> None:
    assert all(set(audience["answers"]) == set(PEOPLE) for audience in AUDIENCES.values())


def test_no_verb_has_two_audiences() -> None:
    assert sum(len(audience["verbs"]) for audience in AUDIENCES.values()) == len(TABLE)


def client_of(person: str) -> Client:
    client = Client()
    if person != "stranger":
        client.force_login(Person.objects.signed_in(person))
    return client


def script_of(person: str) -> Client:
    """The same person with a token of every scope, which is what endpoints take for changes."""
    if person == "stranger":
        return Client()
    Person.objects.signed_in(person)
    made = create_token(actor_for(person, door=Door.WEB), name="script", scopes=["read", "write"], days=1)
    return Client(headers={"Authorization": f"Bearer {made.secret}"})


def url_of(name: str) -> str:
    from django.urls import reverse

    wanted = ROUTES[name].pattern.converters
    assert not wanted.keys() - VALUES.keys(), f"VALUES above gives no value for the parameters of {name}"
    return reverse(name, kwargs={key: VALUES[key] for key in wanted})


def outcome(client: Client, name: str) -> str:
    answer = client.post(url_of(name), **sent(name)) if name in POSTED_ONLY else client.get(url_of(name))
    if answer.status_code == 302 and answer["Location"].startswith("/sandbox/sign-in/?next="):
        return "sign in"
    if answer.status_code == 503:
        # Let in; what it would read live or from git does not run in these tests.
        return "yes"
    return {400: "asked wrongly", 401: "sign in", 403: "refused", 404: "hidden"}.get(
        answer.status_code, "yes" if answer.status_code < 400 else str(answer)
    )


def sent(name: str) -> dict[str, Any]:
    return {"data": BODIES, "content_type": "application/json"} if name.startswith(API) else {}


@pytest.mark.django_db
@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("name", ROUTES)
def test_everybody_gets_what_the_table_says(name: str, person: str, valkey: None) -> None:
    builders.the_cast()
    builders.service()
    builders.operation()

    expected = TABLE[verb_of(ROUTES[name])][person]

    assert outcome(client_of(person) if not name.startswith(API) else script_of(person), name) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in ROUTES if name.startswith(API)])
def test_endpoints_refuse_in_json_with_sentence_and_request_id(name: str, valkey: None) -> None:
    builders.the_cast()
    builders.service()
    builders.operation()
    for client in (script_of("stranger"), script_of("vera"), script_of("oscar")):
        answer = client.post(url_of(name), **sent(name)) if name in POSTED_ONLY else client.get(url_of(name))
        if answer.status_code in {401, 403, 404}:
            said = answer.json()
            assert set(said) == {"error", "code", "sentence", "remedy", "facts", "request_id"}
            assert said["error"] == said["sentence"]
            assert said["remedy"]


@pytest.mark.django_db
def test_a_hidden_tenant_and_an_absent_one_answer_alike(valkey: None) -> None:
    builders.the_cast()
    builders.service()
    client = client_of("oscar")

    hidden = client.get("/tenants/payments/services/payments-api/")
    absent = client.get("/tenants/nowheres/services/payments-api/")

    assert hidden.status_code == absent.status_code == 404
    assert words(hidden.content.decode()) == words(absent.content.decode()).replace("nowheres", "payments")


def words(page: str) -> str:
    """What a person reads, without tokens and ids that differ from request to request."""
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", page)
    return " ".join(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text).split())


def test_the_sandbox_sign_in_is_public_and_nothing_else_but_the_products_own() -> None:
    public = {name for name, pattern in ROUTES.items() if verb_of(pattern) == PUBLIC}
    assert public == {
        "accounts:sign_in", "github_login", "github_callback", "healthz", "readyz", "sandbox:sign_in",
    }  # fmt: skip
    assert settings.SANDBOX
