"""REST, reading: shapes, filters, pages, ETags, and what is hidden."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person, PersonalToken
from core.actor import Actor, Door
from tenants.queries import actor_for
from tests import builders

pytestmark = pytest.mark.django_db
PAYMENTS_API = "payments/payments-api"


@pytest.fixture(autouse=True)
def world(valkey: None) -> None:
    cache.clear()
    builders.the_cast()
    builders.service(image="ghcr.io/acme/payments-api", host="pay.apps.example.dev", running_tag="3.4.0")
    builders.service("playground", tenant="labs")
    builders.operation()


def script(person: str = "dev", *scopes: str) -> Client:
    Person.objects.signed_in(person)
    me: Actor = actor_for(person, door=Door.WEB)
    made = create_token(
        me, name=f"script {PersonalToken.objects.count()}", scopes=list(scopes or ("read", "write")), days=1
    )
    return Client(headers={"Authorization": f"Bearer {made.secret}"})


def test_services_are_those_of_ones_own_tenants() -> None:
    said = script().get("/api/v1/services").json()
    assert (said["count"], said["next"]) == (1, None)
    row = said["items"][0]
    assert (row["team"], row["name"], row["imageTag"], row["health"]) == (
        "payments",
        "payments-api",
        "3.4.0",
        "Healthy",
    )


def test_a_hidden_team_has_no_services_like_an_absent_one() -> None:
    client = script()
    hidden, absent = (client.get(f"/api/v1/services?team={team}").json() for team in ("labs", "nowheres"))
    assert hidden == absent == {"items": [], "count": 0, "next": None, "note": ""}


def test_pages_follow_each_other_by_cursor_and_none_is_lost() -> None:
    for number in range(120):
        builders.service(f"worker-{number:03}")
    client, names, cursor = script(), [], ""
    for _ in range(3):
        said = client.get(f"/api/v1/services?q=worker&cursor={cursor}").json()
        names += [row["name"] for row in said["items"]]
        cursor = said["next"]
    assert (len(names), len(set(names)), said["count"], cursor) == (120, 120, 120, None)


@pytest.mark.parametrize(
    "asked", ["services?cursor=x", "services?status=great", "services?cursor=p0", "audit?cursor=abc",
              "operations/runs?cursor=p-1", f"logs/{PAYMENTS_API}?lines=0", f"logs/{PAYMENTS_API}?since=1y"]
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_field(asked: str) -> None:
    answer = script().get(f"/api/v1/{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["facts"]["fields"][0]["field"] == asked.partition("?")[2].partition("=")[0]


def test_an_unchanged_answer_is_304_without_a_body() -> None:
    client = script()
    first = client.get("/api/v1/services")
    again = client.get("/api/v1/services", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    builders.service("another")
    assert client.get("/api/v1/services", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_service_and_its_status_say_what_the_mirror_knows() -> None:
    client = script()
    service = client.get(f"/api/v1/services/{PAYMENTS_API}").json()
    status = client.get(f"/api/v1/status/{PAYMENTS_API}").json()
    assert (service["host"], service["componentType"], service["hasDatabase"]) == (
        "pay.apps.example.dev", "base-service", False,
    )  # fmt: skip
    assert status["argocd"]["name"] == "payments-payments-api"
    assert status["argocd"]["health"] == status["argocd"]["healthStatus"] == "Healthy"
    assert status["operation"] == "deploy-service-x7k2p"


def test_a_cluster_never_observed_is_not_shown_as_healthy() -> None:
    builders.service("fresh", cluster_observed_at=None, health="Unknown")
    said = script().get("/api/v1/status/payments/fresh").json()
    assert said["argocd"] is None
    assert "not been observed" in said["note"]


def test_a_tenant_its_members_and_its_quota() -> None:
    client = script("vera")
    said = client.get("/api/v1/tenants/payments").json()
    assert {member["userId"]: member["role"] for member in said["tenant"]["members"]}["olga"] == "owner"
    assert said["serviceCount"] == len(said["services"]) == 1
    assert client.get("/api/v1/resources/payments").json()["tenant"] == "payments"
    assert [row["name"] for row in client.get("/api/v1/tenants").json()["items"]] == ["payments"]


@pytest.mark.parametrize(
    "place", ["tenants/{}", "resources/{}", "services/{}/x", "status/{}/x", "logs/{}/x", "diagnosis/{}/x"]
)
def test_hidden_and_absent_answer_alike(place: str) -> None:
    client = script("oscar")
    hidden, absent = (client.get("/api/v1/" + place.format(tenant)) for tenant in ("payments", "nowheres"))
    assert hidden.status_code == absent.status_code == 404
    told = [answer.json()["sentence"].replace("nowheres", "payments") for answer in (hidden, absent)]
    assert told[0] == told[1]


def test_a_token_reads_and_changes_only_what_its_scopes_say() -> None:
    write_only, read_only = script("olga", "write"), script("dev", "read")
    refused = write_only.get("/api/v1/services")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    refused = read_only.post("/api/v1/operations/deploy-service/execute", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in refused["WWW-Authenticate"]


def test_a_method_without_meaning_is_refused_with_those_that_have_one() -> None:
    answer = script().delete("/api/v1/services")
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, "GET, HEAD", "method_not_allowed")
    assert script("olga").head("/api/v1/services").status_code == 200


def test_a_nul_character_is_refused_before_any_database_sees_it() -> None:
    assert script().get("/api/v1/services?q=%00").status_code == 422


def test_runs_and_the_audit_are_listed_for_ones_own_tenants() -> None:
    assert [row["operation_id"] for row in script().get("/api/v1/operations/runs").json()["items"]] == [
        "deploy-service-x7k2p"
    ]
    assert script("oscar").get("/api/v1/operations/runs").json()["count"] == 0
    assert script("oscar").get("/api/v1/audit").json()["items"] == []
