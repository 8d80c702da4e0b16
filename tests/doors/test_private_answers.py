"""What is behind a session or a token stays out of caches and logs, and what was said to one person is theirs."""

import logging

import pytest
from django.test import Client
from structlog.contextvars import bound_contextvars

from accounts.models import Person
from core import audit
from core.actor import Actor, Door
from tests import builders
from tests.doors.test_live_connections import bearer, call
from tests.doors.test_permissions import ROUTES, url_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The test client has no event loop of its own; the server streams.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]
CANARY = "canary-4711"


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    builders.the_cast()
    builders.service()
    builders.operation()


def client_of(person: str) -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in(person))
    return client


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "part"])
def test_no_answer_to_somebody_signed_in_is_kept(name: str, headers: dict[str, str]) -> None:
    assert "no-store" in client_of("ada").get(url_of(name), headers=headers)["Cache-Control"]


@pytest.mark.parametrize("path", ["/api/v1/whoami", "/api/v1/tenants", "/api/v1/audit", "/api/v1/openapi.json"])
def test_no_answer_to_a_token_is_kept(path: str, olga: Actor) -> None:
    answer = Client(headers=bearer(olga)).get(path)

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


def test_no_answer_to_a_tool_is_kept(olga: Actor) -> None:
    status, headers = call(bearer(olga))

    assert (status, headers[b"cache-control"]) == (200, b"no-store")


def test_what_is_public_may_be_kept() -> None:
    assert "max-age=300" in Client().get("/.well-known/oauth-authorization-server")["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/services/", "/tenants/payments/", "/sandbox/sign-in/", "/api/v1/whoami", "/api/v1/nowhere"]
)
def test_a_token_in_an_address_does_not_reach_the_log(path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    for client in (Client(), client_of("oscar")):
        client.get(f"{path}?access_token={CANARY}")
        client.post(f"{path}?access_token={CANARY}")

    assert path in caplog.text
    assert CANARY not in caplog.text


def test_a_token_in_an_address_does_not_reach_the_log_when_the_page_breaks(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("operations.queries.audit_list", lambda *_: 1 / 0)
    client = client_of("ada")
    client.raise_request_exception = False

    assert client.get(f"/audit/?access_token={CANARY}").status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access"])
def test_the_servers_own_lines_lose_the_query_too(name: str, caplog: pytest.LogCaptureFixture) -> None:
    address = f"/ws/changes/?access_token={CANARY}"
    # A server that another test ran here has made its loggers quieter.
    caplog.set_level(logging.WARNING, logger=name)

    logging.getLogger(name).warning('%s - "WebSocket %s" [accepted]', "192.0.2.7", address)

    assert '"WebSocket /ws/changes/" [accepted]' in caplog.text


def test_a_refusal_is_explained_to_the_person_who_met_it_and_to_admins() -> None:
    refused = client_of("dev").post("/api/v1/operations/deploy-service/execute").json()

    assert explained("dev", refused["request_id"])
    assert explained("ada", refused["request_id"])
    assert not explained("oscar", refused["request_id"])


def explained(person: str, request_id: str) -> bool:
    page = client_of(person).post("/connecting/inspect/", {"request": request_id}).content.decode()
    return "No refused request of that id" not in page


def test_the_request_id_of_another_tenants_entry_finds_nothing() -> None:
    with bound_contextvars(request_id="7a1c0de0-secret"):
        audit.record(
            Actor("dev", Door.WEB), "deploy-service", result=audit.DENIED, tenant="payments", target="payments/x"
        )

    found = {person: client_of(person).get("/api/v1/audit?q=7a1c0de0").json()["count"] for person in ("dev", "oscar")}
    exported = b"".join(client_of("oscar").get("/audit/export.csv?q=7a1c0de0"))

    assert found == {"dev": 1, "oscar": 0}
    assert b"7a1c0de0" not in exported
