"""A worker that was held up until its operation was given up: it finds that out before it pushes, not after."""

from datetime import timedelta

import pytest

from core.actor import Actor
from core.clock import now
from integrations.gitops import Gitops, gitops
from operations import actions
from operations.engine.context import Context
from operations.engine.lease import LeaseLost, take
from operations.engine.reaper import end_overdue
from operations.models import Operation
from operations.registry import definition_of
from services.runners.steps import commit
from tests import builders

pytestmark = pytest.mark.django_db
DEPLOY = {"action": "deploy", "team_name": "payments", "component_name": "payments-api", "image_tag": "3.11.2"}
OWNER = "here:1:task"


@pytest.fixture
def step(repository: Gitops, no_workers: None, dev: Actor) -> Context:
    """A deploy whose worker stands right before its commit."""
    builders.the_cast()
    builders.service("payments-api")
    operation = actions.start(dev, "deploy-service", DEPLOY)
    operation.steps.filter(name="check").update(state="succeeded", result={"target": {}})
    taken = take(operation.pk, OWNER)
    assert taken is not None
    parameters = definition_of("deploy-service").parameters.model_validate(operation.parameters)
    return Context(taken[0], operation.steps.get(name="commit"), parameters, OWNER)


def test_who_holds_the_lease_commits(step: Context) -> None:
    before = str(gitops().head())
    commit(step)
    assert str(gitops().fetch()) != before


def test_after_the_reaper_has_ended_it_nothing_is_pushed(step: Context) -> None:
    before = str(gitops().head())
    Operation.objects.update(deadline_at=now() - timedelta(hours=1))
    assert end_overdue(now()) == 1

    with pytest.raises(LeaseLost):
        commit(step)

    assert str(gitops().fetch()) == before
