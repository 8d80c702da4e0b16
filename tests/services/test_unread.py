"""What could not be read is unknown at every door: never zero, never "all are well"."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Person
from core.actor import Actor
from core.clock import now
from core.page import Subject
from diagnosis.queries.wrong_now import wrong_now
from diagnosis.tools import AskedAbout, diagnose
from services.models import URGENCY_BROKEN
from services.queries import ServiceFilter, service_head, service_list
from services.queries.home import home_summary
from services.tools import (
    Nothing,
    OneService,
    OneTenant,
    Which,
    get_tenant,
    list_services,
    list_tenants,
    service_status,
)
from tenants.models import Source, Tenant
from tenants.panels import quota, tenant_subject
from tenants.queries import access_tenant, quota_note, tenant_rows
from tests import builders
from tests.doors.test_rest_reads import script

pytestmark = pytest.mark.django_db
UNREAD_PODS: dict[str, Any] = {"pods": None, "restarts": None, "running_tag": ""}
UNREAD: dict[str, Any] = {**UNREAD_PODS, "replicas_ready": None, "health": "Unknown", "sync": "Unknown"}
LABELS = {
    "applications": "Argo CD applications", "deployments": "Deployments", "pods": "Pods", "events": "Events",
    "resourcequotas": "Quotas",
}  # fmt: skip
AT_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    builders.the_cast()
    for name, label in LABELS.items():
        builders.source(f"kubernetes:{name}", label=label)


def refuse(*names: str, last_read: datetime | None = AT_NOON) -> None:
    for name in names:
        error = f"Kubernetes does not allow us to list {name}."
        Source.objects.filter(name=f"kubernetes:{name}").update(
            error=error, error_since=now(), last_contact_at=last_read
        )


def page_of(path: str, person: str = "vera") -> str:
    client = Client()
    client.force_login(Person.objects.signed_in(person))
    return client.get(path).content.decode()


def test_a_list_shows_pods_that_cannot_be_read_as_such(vera: Actor) -> None:
    builders.service(**UNREAD_PODS, replicas_ready=None)

    row = service_list(vera, tenant="payments", wanted=ServiceFilter()).rows[0]
    assert (row.ready, row.pods) == (None, None)
    assert "Pods cannot be read" in page_of("/tenants/payments/")
    assert "0 of 2" not in page_of("/tenants/payments/")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (UNREAD, "Git asks for version 3.4.0 and 2 pods; what runs cannot be read."),
        (UNREAD_PODS, "Git asks for version 3.4.0; 2 of 2 pods answer, and which version they run cannot be read."),
    ],
)
def test_a_services_page_says_what_is_not_known(vera: Actor, fields: dict[str, Any], sentence: str) -> None:
    service = builders.service(**fields)

    assert service_head(vera, service).sentence == sentence
    assert sentence in page_of("/tenants/payments/services/payments-api/")


NO_GIT: dict[str, Any] = {"git_observed_at": None, "tag": "", "replicas_wanted": None}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({**UNREAD, "health": "Healthy"}, "Git has not been read yet, and what runs cannot be read."),
        (
            {"running_tag": "3.4.0", "replicas_ready": 1},
            "Git has not been read yet; version 3.4.0 runs; 1 pod answers.",
        ),
        ({"replicas_ready": 2}, "Git has not been read yet; 2 pods answer."),
    ],
)
def test_a_service_whose_wanted_pods_are_not_known_is_not_scaled_to_0(
    vera: Actor, fields: dict[str, Any], sentence: str
) -> None:
    service = builders.service(**{**NO_GIT, **fields})

    assert service_head(vera, service).sentence == sentence
    row = service_list(vera, tenant="payments", wanted=ServiceFilter()).rows[0]
    assert (row.wanted, row.cause) == (None, "")
    page = page_of("/tenants/payments/services/payments-api/")
    assert sentence in page
    assert "No pods are wanted" not in page
    listed = script("vera").get("/api/v1/services").json()["items"][0]
    status = script("vera").get("/api/v1/status/payments/payments-api").json()
    detail = script("vera").get("/api/v1/services/payments/payments-api").json()
    told = service_status(vera, OneService(team="payments", service="payments-api")).value
    assert (listed["wanted"], status["wanted"], detail["replicas"], told["service"]["wanted"]) == (None,) * 4
    for path in ("/tenants/payments/", "/tenants/payments/services/payments-api/"):
        assert "of None" not in page_of(path)
        assert "None of" not in page_of(path)


@pytest.mark.parametrize(
    ("fields", "impact", "end"),
    [
        ({"replicas_ready": None}, "how many of 2 pods answer is not known", "whether all serve is not known."),
        ({"replicas_ready": 1, "replicas_wanted": None}, "1 pod answers", "whether all serve is not known."),
        (
            {"replicas_ready": None, "replicas_wanted": None},
            "how many pods answer is not known",
            "whether all serve is not known.",
        ),
        ({"replicas_ready": 1}, "serves with 1 of 2 pods", "all serve."),
    ],
)
def test_what_is_wrong_now_says_how_many_pods_answer_only_where_it_is_known(
    vera: Actor, fields: dict[str, Any], impact: str, end: str
) -> None:
    finding = {"cause": "oom-killed", "severity": "problem", "verdict": "confirmed", "title": "Killed for memory",
               "detail": "", "evidence": [], "remedies": [], "guide": "degraded", "consequences": []}  # fmt: skip
    builders.service(**fields, urgency=URGENCY_BROKEN, diagnosis={"healthy": False, "findings": [finding]})

    found = wrong_now(vera, "payments")
    assert found["findings"][0]["impact"] == impact
    assert found["sentence"] == f"1 cause in 1 of 1 service; {end}"


@pytest.mark.parametrize(("column", "sort"), [("replicas_ready", "pods"), ("changed_at", "changed")])
@pytest.mark.parametrize("direction", ["", "-"])
def test_what_is_not_known_is_sorted_last_in_both_directions(
    vera: Actor, column: str, sort: str, direction: str
) -> None:
    for name, value in {"a-unread": None, "b-first": 1, "c-second": 2}.items():
        builders.service(name, **{column: AT_NOON.replace(hour=value) if value and sort == "changed" else value})

    rows = service_list(vera, tenant="payments", wanted=ServiceFilter(sort=f"{direction}{sort}")).rows
    ascending = (sort == "pods") is (direction == "")
    known = ["b-first", "c-second"] if ascending else ["c-second", "b-first"]
    assert [row.name for row in rows] == [*known, "a-unread"]


def test_the_form_of_a_change_says_that_pods_cannot_be_read() -> None:
    builders.service(replicas_ready=None, replicas_wanted=None)

    page = page_of("/tenants/payments/services/payments-api/deploy/", "dev")
    assert "Pods cannot be read" in page
    assert "None" not in page.partition("<dt>Pods</dt>")[2].partition("</dd>")[0]


def test_scripts_and_agents_get_null_and_a_note(vera: Actor) -> None:
    builders.service(**UNREAD)
    refuse("pods")

    listed = script("vera").get("/api/v1/services").json()["items"][0]
    status = script("vera").get("/api/v1/status/payments/payments-api").json()
    told = service_status(vera, OneService(team="payments", service="payments-api")).value
    row = list_services(vera, Which()).value["items"][0]
    assert (listed["ready"], listed["wanted"]) == (row["ready"], row["wanted"]) == (None, 2)
    assert (status["ready"], status["restarts"]) == (None, None)
    assert (told["service"]["ready"], told["service"]["restarts"]) == (None, None)
    said = "Pods cannot be read now; last read 2026-11-22 12:00:00 UTC."
    assert status["note"] == told["note"] == said


def test_services_of_which_nothing_is_known_are_not_counted_as_well(vera: Actor) -> None:
    builders.service(**UNREAD)
    builders.service("ledger-api")

    assert home_summary(vera, Subject()).sentence == "The state of 1 of 2 services is not known."
    said = service_list(vera, tenant="payments", wanted=ServiceFilter()).sentence
    assert said == "payments has 2 services. Of 1 nothing is known."
    assert [(row.services, row.troubled, row.unknown) for row in tenant_rows(vera)] == [(2, 0, 1)]
    assert "2 services, the state of 1 is not known" in page_of("/")
    assert "1 of 2 not known" in page_of("/tenants/")


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (["events"], ["Events cannot be read now."]),
        (["resourcequotas"], []),
        (["pods"], ["Pods cannot be read now; last read 2026-11-22 12:00:00 UTC."]),
        (list(LABELS), ["The cluster cannot be read now; last read 2026-11-22 12:00:00 UTC."]),
    ],
)
def test_the_head_of_a_service_names_the_source_that_is_away(vera: Actor, refused: list[str], said: list[str]) -> None:
    service = builders.service()
    refuse(*refused)

    assert [str(one) for one in service_head(vera, service).away] == said
    head = page_of("/tenants/payments/services/payments-api/events/").partition('class="acts"')[0]
    assert ("The cluster cannot be read now" in head) is (len(refused) == len(LABELS))


def test_a_source_that_never_told_anything_is_as_of_no_time(vera: Actor) -> None:
    service = builders.service(**UNREAD)
    refuse("deployments", last_read=None)

    assert service_head(vera, service).note == "Deployments cannot be read now."


def test_quotas_that_cannot_be_read_are_named_on_the_tenants_page_and_to_scripts() -> None:
    refuse("resourcequotas")

    assert "Quotas cannot be read now" in page_of("/tenants/payments/")
    assert "Quotas cannot be read now" in script("vera").get("/api/v1/resources/payments").json()["note"]


def test_every_list_says_which_source_cannot_be_read(vera: Actor) -> None:
    builders.service()
    said = "Pods cannot be read now; last read 2026-11-22 12:00:00 UTC."
    doors = {
        address: lambda address=address: script("vera").get(f"/api/v1{address}").json()["note"]
        for address in ("/services", "/tenants", "/tenants/payments", "/diagnosis?team=payments", "/diagnosis")
    }
    told = {
        "list_services": lambda: list_services(vera, Which()),
        "list_tenants": lambda: list_tenants(vera, Nothing()),
        "get_tenant": lambda: get_tenant(vera, OneTenant(name="payments")),
        "diagnose": lambda: diagnose(vera, AskedAbout(team="payments")),
    }
    assert {note() for note in doors.values()} == {""}
    assert {answer().note for answer in told.values()} == {""}

    refuse("pods")

    assert {address: note() for address, note in doors.items()} == dict.fromkeys(doors, said)
    assert {(answer().note, answer().value["note"]) for answer in told.values()} == {(said, said)}
    assert diagnose(vera, AskedAbout(team="payments")).value["live"]
    for path in ("/", "/services/", "/tenants/payments/"):
        assert "Pods cannot be read now; last read" in page_of(path).partition("<main")[2]


def test_meters_of_quotas_that_cannot_be_read_have_that_beside_them() -> None:
    refuse("resourcequotas")

    for path in ("/", "/tenants/"):
        assert "Quotas cannot be read now; last read" in page_of(path).partition("<main")[2]


@pytest.mark.parametrize("tab", ["events", "logs"])
def test_a_tab_that_could_not_be_read_does_not_say_when_it_was_read(tab: str, settings: Settings) -> None:
    settings.KUBECONFIG = "/nowhere/kubeconfig"
    builders.service()

    page = page_of(f"/tenants/payments/services/payments-api/{tab}/").partition("<main")[2]

    assert "cannot be read." in page
    assert '<span class="aside">read ' not in page


def test_an_agent_reads_once_how_many_services_a_tenant_has(vera: Actor) -> None:
    builders.service()

    assert get_tenant(vera, OneTenant(name="payments")).says == "payments has 1 service. All are well."


@pytest.mark.parametrize("refused", [["resourcequotas"], []])
def test_the_tenants_page_and_scripts_are_told_the_same_of_quotas(vera: Actor, refused: list[str]) -> None:
    refuse(*refused)
    Tenant.objects.filter(name="payments").update(cluster_observed_at=AT_NOON)
    tenant = access_tenant(vera, "payments")

    away = quota(vera, tenant_subject(vera, "payments", {})).away
    assert str(away or "") == quota_note(tenant) == script("vera").get("/api/v1/resources/payments").json()["note"]
    assert bool(away) is bool(refused)
