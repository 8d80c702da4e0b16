"""What is wrong now: the mirror's findings of a tenant, one for each cause, most services down first."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from core.actor import Actor
from core.clock import now
from core.errors import Invalid, NotFound
from diagnosis.queries.asked import diagnose_asked
from diagnosis.queries.wrong_now import wrong_now
from diagnosis.tools import AskedAbout, diagnose
from services.models import URGENCY_BROKEN
from tests import builders
from tests.doors.test_rest_reads import script

pytestmark = pytest.mark.django_db


def broken(name: str, cause: str, title: str, *, ready: int = 0, severity: str = "problem", **fields: Any) -> None:
    told = {"cause": cause, "severity": severity, "verdict": "confirmed", "title": title, "detail": "", "evidence": [],
            "remedies": [], "guide": "degraded", "consequences": []}  # fmt: skip
    diagnosis = {"healthy": False, "sentence": f"{title}.", "findings": [told]}
    values = {"urgency": URGENCY_BROKEN, "replicas_ready": ready, "diagnosis": diagnosis, "cause": title}
    builders.service(name, **{**values, **fields})


@pytest.fixture
def trouble() -> None:
    builders.the_cast()
    broken("slow-api", "hpa-metrics-unavailable", "No metrics", ready=2, severity="warning")
    broken("ledger-api", "oom-killed", "Killed for memory", ready=1)
    broken("a-web", "quota-exceeded", "The quota is used up")
    broken("b-web", "quota-exceeded", "The quota is used up", ready=1)
    builders.service("payments-api")


def test_one_cause_of_many_services_is_one_finding_and_stands_first(trouble: None, vera: Actor):
    found = wrong_now(vera, "payments")

    assert [one["cause"] for one in found["findings"]] == ["quota-exceeded", "oom-killed", "hpa-metrics-unavailable"]
    assert [one["impact"] for one in found["findings"]] == [
        "2 services, 1 of them down", "serves with 1 of 2 pods", "serves with 2 of 2 pods"]  # fmt: skip
    assert found["sentence"] == "3 causes in 4 of 5 services; 1 service is down."


def test_a_tenant_that_is_well_says_so(vera: Actor):
    builders.the_cast()
    builders.service("payments-api")

    assert wrong_now(vera, "payments")["healthy"]


def test_a_hidden_tenant_answers_like_an_absent_one(trouble: None, oscar: Actor):
    with pytest.raises(NotFound):
        wrong_now(oscar, "payments")
    assert wrong_now(oscar)["findings"] == []


def test_endpoint_tool_and_page_say_the_same(trouble: None, dev: Actor):
    over_rest = script("dev", "read").get("/api/v1/diagnosis?team=payments").json()
    over_mcp = diagnose(dev, AskedAbout(team="payments")).value
    browser = Client()
    browser.force_login(Person.objects.signed_in("dev"))
    page = browser.get("/tenants/payments/wrong-now/").content.decode()

    assert over_rest["findings"] == over_mcp["findings"] == wrong_now(dev, "payments")["findings"]
    assert over_rest["sentence"] in page
    assert all(one["title"] in page for one in over_rest["findings"])


def test_no_more_queries_for_more_services(trouble: None, dev: Actor, django_assert_max_num_queries: Any):
    # Tenant, services, their number, and the sources that cannot be read.
    with django_assert_max_num_queries(4):
        wrong_now(dev, "payments")


def test_one_thing_is_asked_about_at_a_time(dev: Actor):
    with pytest.raises(Invalid) as refused:
        diagnose_asked(dev, team="payments", job="a", domain="b")

    assert refused.value.sentence == "Ask about one thing at a time."


def test_a_failed_operation_gives_the_findings_it_kept(dev: Actor):
    kept = {"findings": [{"cause": "oom-killed", "remedies": []}], "observed_at": "2026-08-20T09:30:00+00:00"}
    builders.operation(state="failed", diagnosis=kept, finished_at=now())
    found = diagnose_asked(dev, operation="deploy-service-x7k2p")

    assert [one["cause"] for one in found["findings"]] == ["oom-killed"]
    assert not found["healthy"]


def test_a_mistyped_operation_is_offered_the_nearest(dev: Actor):
    builders.operation()
    with pytest.raises(NotFound, match="no operation") as refused:
        diagnose_asked(dev, operation="deploy-service-x7k2")

    assert refused.value.facts["nearest"] == ["deploy-service-x7k2p"]
