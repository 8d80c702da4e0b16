"""Lists of services: what they show, how they filter and sort, and how few queries they take."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from core.actor import Actor
from services.models import URGENCY_BROKEN, URGENCY_BUSY, URGENCY_WARNING
from services.queries import ServiceFilter, service_head, service_list
from services.tools import OneService, service_status
from tests import builders

pytestmark = pytest.mark.django_db


def names(actor: Actor, tenant: str | None = "payments", **query: str) -> list[str]:
    listed = service_list(actor, tenant=tenant, wanted=ServiceFilter.read(query))
    return [row.name for row in listed.rows]


def broken(name: str, **fields: Any) -> None:
    builders.service(name, health="Degraded", urgency=URGENCY_BROKEN, cause="Killed for memory", **fields)


def test_problems_come_first_then_names(vera: Actor) -> None:
    builders.service("alpha")
    builders.service("beta", health="Progressing", urgency=URGENCY_BUSY)
    broken("zeta")
    assert names(vera) == ["zeta", "beta", "alpha"]


def test_a_row_that_only_differs_from_git_says_so(vera: Actor) -> None:
    builders.service("fraud-rules", sync="OutOfSync", urgency=URGENCY_WARNING)
    row = service_list(vera, tenant="payments", wanted=ServiceFilter()).rows[0]
    assert (row.status.label, row.tone) == ("OutOfSync", "warn")


def test_the_sentence_counts_in_words(vera: Actor) -> None:
    broken("one")
    broken("two")
    builders.service("three")
    said = service_list(vera, tenant="payments", wanted=ServiceFilter()).sentence
    assert said == "payments has 3 services. 2 are degraded."


def test_the_sentence_of_a_filtered_list_speaks_of_what_was_found(vera: Actor) -> None:
    broken("ledger-api")
    builders.service("cart")
    said = [service_list(vera, tenant=None, wanted=ServiceFilter(q=q)).sentence for q in ("ledger", "zzz")]
    assert said == ["You see 1 service named like “ledger”. 1 is degraded.", "You see no services named like “zzz”."]


def test_what_is_known_to_be_broken_is_not_rolling_out(vera: Actor) -> None:
    builders.service("stuck", health="Progressing", urgency=URGENCY_BROKEN, cause="No such tag", cause_tone="bad")
    listed = service_list(vera, tenant="payments", wanted=ServiceFilter(status="Degraded"))
    assert [(row.name, row.status.label) for row in listed.rows] == [("stuck", "Degraded")]
    assert listed.sentence == "payments has 1 service. 1 is degraded."
    assert names(vera, status="Progressing") == []


def test_a_version_runs_only_where_a_pod_of_it_answers(vera: Actor) -> None:
    service = builders.service(running_tag="", replicas_ready=0, pods=[])
    assert service_head(vera, service).sentence == "Git asks for version 3.4.0; 0 of 2 pods answer."
    service.running_tag, service.replicas_ready = "3.4.0", 2
    assert service_head(vera, service).sentence == "Version 3.4.0 runs; 2 of 2 pods answer."


def test_every_door_says_the_same_word_of_what_is_known_to_be_broken(vera: Actor, valkey: None) -> None:
    builders.the_cast()
    stuck = builders.service("stuck", health="Progressing", urgency=URGENCY_BROKEN, cause="No such tag")
    client = Client()
    client.force_login(Person.objects.signed_in("vera"))
    listed = client.get("/api/v1/services").json()["items"][0]["health"]
    status = client.get("/api/v1/status/payments/stuck").json()
    told = service_status(vera, OneService(team="payments", service="stuck")).value
    words = {
        "page": service_head(vera, stuck).health,
        "list": service_list(vera, tenant="payments", wanted=ServiceFilter()).rows[0].health,
        "REST": [listed, status["health"], status["argocd"]["health"], status["argocd"]["healthStatus"]],
        "MCP": [told["service"]["health"], told["argocd"]["health"]],
    }
    assert words == {"page": "Degraded", "list": "Degraded", "REST": ["Degraded"] * 4, "MCP": ["Degraded"] * 2}


def test_a_service_without_replicas_says_so(vera: Actor) -> None:
    builders.service("migration-2025", replicas_wanted=0, replicas_ready=0, pods=[])
    row = service_list(vera, tenant="payments", wanted=ServiceFilter()).rows[0]
    assert (row.cause, row.tone) == ("Scaled to 0", "idle")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "Degraded"}, ["ledger-api"]),
        ({"status": "attention"}, ["ledger-api"]),
        ({"q": "LEDGER"}, ["ledger-api"]),
        ({"sort": "name"}, ["cart", "ledger-api"]),
        ({"sort": "-name"}, ["ledger-api", "cart"]),
        ({"sort": "'; drop table"}, ["ledger-api", "cart"]),
        ({"page": "9" * 40}, ["ledger-api", "cart"]),
        ({"page": "-1"}, ["ledger-api", "cart"]),
        ({"status": "nonsense"}, []),
    ],
)
def test_the_url_filters_and_sorts(vera: Actor, query: dict[str, str], expected: list[str]) -> None:
    broken("ledger-api")
    builders.service("cart")
    assert names(vera, **query) == expected


def test_a_page_past_the_end_is_the_last_page(vera: Actor) -> None:
    for number in range(51):
        builders.service(f"service-{number:02}")
    assert names(vera, page="7") == ["service-50"]


def test_nobody_sees_services_of_other_tenants(oscar: Actor, vera: Actor, ada: Actor) -> None:
    builders.service("payments-api")
    builders.service("playground", tenant="labs")
    assert names(oscar, tenant=None) == ["playground"]
    assert names(vera, tenant=None) == ["payments-api"]
    assert names(oscar, tenant="payments") == []
    assert sorted(names(ada, tenant=None)) == ["payments-api", "playground"]


@pytest.mark.parametrize(("path", "most"), [("/", 16), ("/services/", 8), ("/tenants/", 8), ("/tenants/payments/", 12)])
def test_a_page_takes_the_same_few_queries_for_three_services_and_for_sixty(
    path: str, most: int, django_assert_max_num_queries: Callable[..., Any], valkey: None
) -> None:
    builders.the_cast()
    client = Client()
    client.force_login(Person.objects.signed_in("vera"))
    counts = []
    for batch in (range(3), range(3, 60)):
        for number in batch:
            broken(f"service-{number}")
        with django_assert_max_num_queries(most) as queries:
            assert client.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_page_says_of_when_it_speaks_while_the_cluster_cannot_be_read(client: Client) -> None:
    builders.the_cast()
    builders.service("payments-api")
    source = builders.source("kubernetes:pods")
    client.force_login(Person.objects.signed_in("dev"))
    address = "/tenants/payments/services/payments-api/history/"
    assert "cannot be read now" not in client.get(address).content.decode()

    source.error = "Kubernetes does not answer."
    source.save()
    assert "The cluster cannot be read now; last read" in client.get(address).content.decode()
