"""The first whole slice, walked as its user: deploy, watch, break, read why, mend."""

import re

import pytest

from tests.house.visitor import Visitor, readable, start_worker
from tests.processes import Processes


def state(page: str) -> str:
    """The operation's state, as its part carries it."""
    found = re.search(r'id="operation"[^>]* data-state="(\w+)"', page)
    return found.group(1) if found else ""


def ended(page: str) -> bool:
    return state(page) in {"succeeded", "failed", "cancelled", "stalled"}


@pytest.fixture(scope="module", autouse=True)
def deploy_of_a_lost_tag(dev_visits: Visitor) -> str:
    """Begun first and looked at last: an operation is patient with a failing rollout, and the others need not be."""
    return dev_visits.deploy("storefront/cart", "9.9.9")


def test_a_developer_deploys_a_version_and_watches_it_become_healthy(dev_visits: Visitor) -> None:
    operation = dev_visits.deploy("payments/payments-api", "3.12.1")

    page = dev_visits.wait_for(operation, ended, "the operation ends")

    assert state(page) == "succeeded", readable(page)
    dev_visits.wait_for(
        "/tenants/payments/services/payments-api/",
        lambda text: "3.12.1" in readable(text),
        "the page shows the version",
    )


def test_a_viewer_is_refused_and_told_which_role_is_missing(vera_visits: Visitor) -> None:
    answer = vera_visits.get("/tenants/payments/services/payments-api/deploy/")
    assert answer.status_code == 403
    assert "needs the developer role in payments" in readable(answer.text)


def test_a_second_operation_on_the_same_service_is_told_about_the_first(dev_visits: Visitor) -> None:
    first = dev_visits.deploy("payments/statement-renderer", "1.0.0")
    path = "/tenants/payments/services/statement-renderer/deploy/"

    second = dev_visits.post(path, image_tag="0.9.1", intent="run", plan_hash="0" * 16)

    assert second.status_code == 409
    assert first.strip("/").split("/")[-1] in second.text
    dev_visits.wait_for(first, ended, "the first operation ends")


def test_an_operation_survives_the_death_of_its_worker(dev_visits: Visitor, platform: Processes) -> None:
    operation = dev_visits.deploy("payments/settlement-worker", "1.5.0")

    platform.kill("worker")
    start_worker(platform)
    page = dev_visits.wait_for(operation, ended, "the operation ends")

    assert state(page) == "succeeded", readable(page)
    history = readable(dev_visits.get("/tenants/payments/services/settlement-worker/history/").text)
    assert history.count("deploy: payments/settlement-worker -> 1.5.0") == 1


def test_a_tag_that_does_not_exist_fails_in_words(dev_visits: Visitor, deploy_of_a_lost_tag: str) -> None:
    page = dev_visits.wait_for(deploy_of_a_lost_tag, ended, "the operation ends")

    assert state(page) == "failed"
    assert "ghcr.io/acme/cart:9.9.9" in readable(page)
    assert "the registry has no such tag" in readable(page)
