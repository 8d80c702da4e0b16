"""Rolling back: to the version before, to one that ran, or to the file of a commit; never to what has not run."""

from typing import Any

import pytest
from pytest_django import Settings

from core.actor import Actor
from core.errors import Invalid
from core.parse import parse_parameters
from integrations.gitops import Gitops, forget, gitops
from operations import actions, engine
from operations.models import Operation
from services.queries import known_versions, version_before
from services.runners.parameters import RollbackServiceParameters
from services.runners.plan import change_of
from tests import builders
from tests.services.commits import committed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(repository: Gitops) -> None:
    builders.the_cast()


def rollback(service: str = "payments-api", **parameters: Any) -> dict[str, Any]:
    return {"team_name": "payments", "component_name": service, **parameters}


def plan(dev: Actor, service: str = "payments-api", **parameters: Any) -> dict[str, Any]:
    return actions.plan(dev, "rollback-service", rollback(service, **parameters))


def test_by_itself_it_returns_to_the_version_before(dev: Actor) -> None:
    planned = plan(dev)
    assert planned["summary"] == "Roll back payments-api to 3.11.2"
    assert planned["subject"] == "rollback: payments/payments-api -> 3.11.2"
    changed = [line for line in planned["diff"].splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.split() for line in changed] == [["-", "tag:", "3.12.0"], ["+", "tag:", "3.11.2"]]


def test_a_broken_version_in_git_is_no_place_to_return_to(dev: Actor) -> None:
    """webhook-relay asks for 1.9.O, with a letter: it never ran."""
    relay = builders.service("webhook-relay", tag="1.9.O", running_tag="1.9.0")
    assert known_versions(relay) == ["1.9.0", "1.8.1"]
    assert version_before(relay) == "1.9.0"
    assert plan(dev, "webhook-relay")["target"] == {"target_tag": "1.9.0"}


def test_a_version_whose_operation_failed_has_not_run(dev: Actor) -> None:
    api = builders.service("payments-api")
    for tag, state in (("3.13.0", "failed"), ("3.13.1", "succeeded"), ("3.13.2", "failed")):
        builders.operation(f"deploy-service-{tag[-1] * 5}", state=state, finished_at=builders.COMMITTED_AT)
        committed("payments-api", tag, f"deploy-service-{tag[-1] * 5}")
    assert known_versions(api) == ["3.13.1", "3.12.0", "3.11.2", "3.10.0"]
    assert plan(dev)["target"] == {"target_tag": "3.13.1"}


def test_what_ready_pods_run_has_run_whatever_the_ledger_says() -> None:
    api = builders.service("payments-api", running_tag="3.12.0")
    assert known_versions(api)[0] == "3.12.0"


def test_a_version_that_never_ran_is_refused_with_those_that_did(dev: Actor) -> None:
    with pytest.raises(
        Invalid, match=r"9\.9\.9 is not a version that this service has run\. It has run 3\.11\.2"
    ) as no:
        plan(dev, target_tag="9.9.9")
    assert (no.value.fields[0]["field"], no.value.fields[0]["example"]) == ("target_tag", "3.11.2")


def test_without_another_version_it_says_so(dev: Actor) -> None:
    with pytest.raises(Invalid, match="No other version of statement-renderer has run"):
        plan(dev, "statement-renderer")


def test_a_commit_brings_the_whole_file_back(dev: Actor, repository: Gitops) -> None:
    path = repository.service_path("payments", "checkout-web")
    first = repository.history(path)[-1].sha
    planned = plan(dev, "checkout-web", revision=first[:8])
    assert planned["target"] == {"revision": first}
    assert planned["summary"] == f"Roll back checkout-web to commit {first[:7]}"
    assert "5.0.2" in repository.file_at(path, first).text
    assert any(line.startswith("+") and '"5.0.2"' in line for line in planned["diff"].splitlines())


def test_a_commit_that_does_not_hold_the_service_is_refused(dev: Actor, repository: Gitops) -> None:
    oldest = repository.history()[-1].sha
    for revision in (oldest, "deadbee"):
        with pytest.raises(Invalid, match="is no commit that holds this service"):
            plan(dev, revision=revision)


def test_a_version_and_a_commit_at_once_are_refused(dev: Actor) -> None:
    with pytest.raises(Invalid, match="revision"):
        plan(dev, target_tag="3.11.2", revision="deadbee")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_workers")
def test_a_cancel_after_the_commit_offers_the_form_that_undoes_it(dev: Actor, repository: Gitops) -> None:
    path = repository.service_path("payments", "payments-api")
    before = repository.history(path)[0].sha
    operation = actions.start(dev, "rollback-service", rollback())
    engine.run(operation.pk, "one")

    actions.cancel(dev, operation)
    engine.run(operation.pk, "two")

    problem = Operation.objects.get(pk=operation.pk).problem
    assert "tag: 3.11.2" in gitops().file_at(path).text
    assert problem["facts"]["remedies"] == [
        {
            "label": f"Revert {problem['facts']['commit'][:7]}",
            "operation": "rollback-service",
            "params": rollback(revision=before),
        }
    ]
    undone = plan(dev, revision=before)
    assert "+  tag: 3.12.0" in undone["diff"]


def test_a_commit_is_read_before_the_push_that_holds_the_lock(repository: Gitops, settings: Settings) -> None:
    path = repository.service_path("payments", "checkout-web")
    first = repository.history(path)[-1].sha
    text = repository.file_at(path, first).text
    changed = change_of(parse_parameters(RollbackServiceParameters, rollback("checkout-web", revision=first)))

    settings.GITOPS_URL = ""
    forget()

    assert changed("image: {repository: r, tag: 1.0.0}\n") == text
