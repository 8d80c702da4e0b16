"""What people read about operations: lists in few queries, one operation in words, nothing of hidden tenants."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Person
from core.actor import Actor
from core.clock import now
from core.errors import NotFound
from operations.choices import OperationState, StepState
from operations.engine.ending import committed
from operations.models import Operation, Step
from operations.queries import (
    access_operation,
    open_operation,
    operation_rows,
    operation_view,
    recent_operations,
    running_count,
    running_operations,
    troubled_operations,
)
from tests import builders

pytestmark = pytest.mark.django_db


def ended(public_id: str, state: OperationState, *, ago: timedelta = timedelta(minutes=5), **fields: Any) -> Operation:
    moment = now() - ago
    return builders.operation(public_id, state=state, finished_at=moment, requested_at=moment, **fields)


def step(operation: Operation, name: str, state: StepState, *, seconds_ago: float = 0, **fields: Any) -> Step:
    position = operation.steps.count()
    began = now() - timedelta(seconds=seconds_ago) if seconds_ago else None
    values = {"position": position, "title": name.capitalize(), "started_at": began, **fields}
    return Step.objects.create(operation=operation, name=name, state=state, **values)


def test_a_waiting_operation_says_what_it_waits_for_and_how_long(dev: Actor) -> None:
    operation = builders.operation(service="checkout-web", summary="checkout-web → 5.1.0")
    step(operation, "healthy", StepState.RUNNING, seconds_ago=38.4, says="2 of 4 pods are ready")

    shown = operation_view(dev, operation)

    assert shown.headline == "checkout-web → 5.1.0 in payments. Healthy: 2 of 4 pods are ready, 38 s so far."
    assert shown.steps[0].duration_s == pytest.approx(38.4, abs=2)


def test_a_queued_operation_names_the_one_before_it(dev: Actor) -> None:
    first = builders.operation("deploy-service-first")
    second = builders.operation("deploy-service-secnd", state="queued", started_at=None, queued_behind=first)

    assert "Waiting for deploy-service-first on the same target" in operation_view(dev, second).sentence


def test_a_finished_operation_says_how_long_it_took_and_what_came_of_it(dev: Actor) -> None:
    began = now() - timedelta(minutes=3)
    operation = builders.operation(
        state="succeeded", requested_at=began, started_at=began, finished_at=began + timedelta(seconds=52)
    )
    step(operation, "healthy", StepState.SUCCEEDED, says="4 of 4 pods are ready")

    shown = operation_view(dev, operation)

    assert shown.sentence == "Done in 52 s: 4 of 4 pods are ready."
    assert not shown.may_cancel


def test_a_failed_operation_says_why_and_what_to_do(dev: Actor) -> None:
    problem = {
        "code": "not_healthy",
        "sentence": "The image does not exist.",
        "remedy": "Deploy another tag.",
        "facts": {},
    }
    operation = ended("deploy-service-x7k2p", OperationState.FAILED, reason=problem["sentence"], problem=problem)
    step(operation, "healthy", StepState.FAILED, says="0 of 4 pods are ready")

    shown = operation_view(dev, operation)

    assert shown.sentence == "The image does not exist. Deploy another tag."
    assert shown.steps[0].detail == "The image does not exist."


def test_the_findings_of_a_failure_are_shown_as_they_were_found(dev: Actor) -> None:
    finding = {"cause": "image_tag_missing", "remedies": [{"label": "Deploy 1.9.0", "operation": "deploy-service"}]}
    operation = ended("deploy-service-x7k2p", OperationState.FAILED, diagnosis={"findings": [finding]})

    assert operation_view(dev, operation).diagnosis == {"findings": [finding]}


def test_the_commit_is_linked_where_the_settings_say_how(dev: Actor, settings: Settings) -> None:
    settings.GITOPS_WEB_URL = "https://git.example.com/acme/gitops/commit/{sha}"
    operation = builders.operation()
    step(operation, "commit", StepState.SUCCEEDED, result={"sha": "4be07d1c9a", "changed": True})

    commit = operation_view(dev, operation).commit

    assert commit is not None
    assert (commit.short, commit.url) == ("4be07d1", "https://git.example.com/acme/gitops/commit/4be07d1c9a")


def test_what_another_step_committed_is_not_the_commit_of_the_operation(dev: Actor) -> None:
    operation = builders.operation()
    step(operation, "runbook-removed", StepState.SUCCEEDED, result={"sha": "4be07d1c9a", "changed": True})

    assert operation_view(dev, operation).commit is None
    assert committed(operation) == {}


def test_the_log_stands_under_its_step_newest_last(dev: Actor) -> None:
    operation = builders.operation()
    step(operation, "commit", StepState.RUNNING, seconds_ago=1)
    for number in range(40):
        operation.log_lines.create(step="commit", at=now(), text=f"line {number}")

    log = operation_view(dev, operation).steps[0].log

    assert [line.text for line in log] == [f"line {number}" for number in range(10, 40)]


def test_a_viewer_may_look_and_not_cancel(vera: Actor, dev: Actor) -> None:
    operation = builders.operation(actor="olga")

    assert not operation_view(vera, operation).may_cancel
    assert operation_view(dev, operation).may_cancel


def test_hidden_and_absent_answer_alike_and_offer_no_hidden_name(oscar: Actor, dev: Actor) -> None:
    builders.operation("deploy-service-x7k2p")

    with pytest.raises(NotFound) as hidden:
        access_operation(oscar, "deploy-service-x7k2p")
    with pytest.raises(NotFound) as absent:
        access_operation(oscar, "deploy-service-x7k2q")
    with pytest.raises(NotFound) as mistyped:
        access_operation(dev, "deploy-service-x7k2q")

    assert hidden.value.sentence.replace("x7k2p", "") == absent.value.sentence.replace("x7k2q", "")
    assert hidden.value.remedy == absent.value.remedy
    assert mistyped.value.remedy == "Did you mean deploy-service-x7k2p?"


def test_a_list_shows_only_what_one_sees(oscar: Actor, dev: Actor, ada: Actor) -> None:
    builders.operation("deploy-service-aaaaa")
    builders.operation("deploy-service-bbbbb", tenant="labs", service="playground", state="queued")

    assert [row.public_id for row in operation_rows(oscar).rows] == ["deploy-service-bbbbb"]
    assert [row.public_id for row in operation_rows(dev).rows] == ["deploy-service-aaaaa"]
    assert operation_rows(ada).total == running_count(ada) == 2
    assert operation_rows(oscar, tenant="payments").total == 0


def test_a_list_is_counted_filtered_and_paged_in_three_queries(
    dev: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        ended(f"deploy-service-s{number:04}", OperationState.SUCCEEDED, service=f"service-{number}")
    running = builders.operation("deploy-service-runss", service="ledger-api")
    step(running, "healthy", StepState.RUNNING, seconds_ago=3, says="1 of 2 pods are ready")

    with django_assert_num_queries(3):
        first = operation_rows(dev)
    second = operation_rows(dev, page=2)
    only_done = operation_rows(dev, state="succeeded", page=99)

    assert first.rows[0].says == "1 of 2 pods are ready"
    assert (first.total, first.pages, len(first.rows), len(second.rows)) == (61, 2, 50, 11)
    assert [(chip.label, chip.count) for chip in first.chips] == [("All", 61), ("running", 1), ("succeeded", 60)]
    assert (only_done.total, only_done.page) == (60, 2)
    assert first.sentence == "1 is running."


def test_a_list_is_searched_by_id_summary_and_person(dev: Actor) -> None:
    builders.operation("deploy-service-aaaaa", service="ledger-api", summary="ledger-api → 2", actor="olga")
    builders.operation("deploy-service-bbbbb", service="fraud-rules", summary="fraud-rules → 3", actor="dev")

    found = {words: operation_rows(dev, q=words).total for words in ("aaaaa", "FRAUD", "olga", "nobody", "%")}

    assert found == {"aaaaa": 1, "FRAUD": 1, "olga": 1, "nobody": 0, "%": 0}


def test_a_failure_needs_somebody_until_a_later_one_succeeds(dev: Actor) -> None:
    ended("deploy-service-old00", OperationState.FAILED, ago=timedelta(days=2), service="old")
    ended("deploy-service-mend0", OperationState.FAILED, service="mended")
    ended("deploy-service-mend1", OperationState.SUCCEEDED, service="mended")
    ended("deploy-service-fail0", OperationState.FAILED, service="broken")
    ended("deploy-service-fail1", OperationState.STALLED, service="broken")

    assert [row.public_id for row in troubled_operations(dev)] == ["deploy-service-fail1"]


def test_what_holds_a_service_is_found_by_its_name(dev: Actor) -> None:
    builders.operation("deploy-service-x7k2p", service="ledger-api")
    ended("deploy-service-ended", OperationState.SUCCEEDED, service="ledger-api")

    holding = open_operation(tenant="payments", service="ledger-api")

    assert holding is not None
    assert holding.public_id == "deploy-service-x7k2p"
    assert open_operation(tenant="payments", service="fraud-rules") is None
    assert [row.public_id for row in running_operations(dev, tenant="payments")] == ["deploy-service-x7k2p"]
    assert len(recent_operations(dev, tenant="payments", service="ledger-api")) == 2


@pytest.fixture
def browser(valkey: None) -> Client:
    builders.the_cast()
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    return client


def test_the_list_page_and_its_part_say_the_same(browser: Client) -> None:
    builders.operation()

    page = browser.get("/operations/").content.decode()
    part = browser.get("/operations/", headers={"HX-Request": "true"}).content.decode()

    assert "deploy-service-x7k2p" in part
    assert "<html" not in part
    assert "<html" in page
    assert "payments-api → 3.4.1" in page


def test_the_page_of_an_operation_shows_its_steps_and_offers_to_cancel(browser: Client) -> None:
    operation = builders.operation()
    step(operation, "healthy", StepState.RUNNING, seconds_ago=38, says="2 of 4 pods are ready")

    page = browser.get(f"/operations/{operation.public_id}/").content.decode()

    assert "2 of 4 pods are ready, 38 s so far." in page
    assert f'action="/operations/{operation.public_id}/cancel/"' in page


def test_cancelling_in_the_browser_leads_back_to_the_operation(browser: Client) -> None:
    operation = builders.operation()

    answer = browser.post(f"/operations/{operation.public_id}/cancel/")

    assert answer.headers["Location"] == f"/operations/{operation.public_id}/"
    operation.refresh_from_db()
    assert operation.cancel_requested_by == "dev"


@pytest.mark.parametrize("page", ["0", "-1", "abc", "9" * 20, "²"])
def test_a_page_that_makes_no_number_is_the_first(browser: Client, page: str) -> None:
    assert browser.get("/operations/", {"page": page}).status_code == 200
