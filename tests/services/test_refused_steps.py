"""After its commit a deploy goes on whatever Kubernetes refuses: Argo CD looks at git by itself."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from integrations.errors import OutcomeUnknown
from integrations.gitops import Gitops
from integrations.kubernetes import kinds
from operations import engine
from operations.choices import OperationState
from operations.engine.context import Context
from operations.models import Operation
from operations.registry import Done, StepContext, Wait
from services.runners.steps import roll_out_service, sync_service
from tests import builders
from tests.integrations.kubernetes.limited_account import LimitedAccount, rules_for
from tests.integrations.kubernetes.objects import application, create, delete, make_namespace
from tests.integrations.kubernetes.servers import Emulator
from tests.services.commits import committed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
Sync = Callable[[], Done | Wait]
Step = Callable[[StepContext], Done | Wait]
READ = rules_for(kinds.APPLICATIONS)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    server = Emulator(tmp_path_factory.mktemp("kubernetes"))
    try:
        make_namespace(server.start().cluster(), "argocd")
        yield server
    finally:
        server.stop()


@pytest.fixture
def with_rights(emulator: Emulator, settings: Settings, request: pytest.FixtureRequest) -> Callable[[Any], None]:
    """Kubernetes from here on with these rights alone."""

    def use(rules: Any) -> None:
        name = "".join(char if char.isalnum() else "-" for char in request.node.name)[-40:].strip("-")
        settings.KUBECONFIG = str(LimitedAccount(emulator, name, rules).kubeconfig())

    return use


@pytest.fixture
def operation(repository: Gitops) -> Operation:
    """A deploy that has just committed."""
    builders.the_cast()
    found = builders.operation(lease_owner="us")
    sha = committed("payments-api", "3.13.0", found.public_id)
    found.steps.create(position=0, name="commit", title="Commit", state="succeeded", result={"sha": sha})
    found.steps.create(position=1, name="sync", title="Sync", started_at=found.started_at)
    return found


@pytest.fixture
def run_sync(operation: Operation) -> Sync:
    return lambda: sync_service(Context(operation, operation.steps.get(name="sync"), None, "us"))


def said(operation: Operation) -> list[str]:
    return [line.text for line in operation.log_lines.all()]


def test_a_refused_refresh_is_told_once_and_argo_cds_own_poll_is_waited_for(
    emulator: Emulator, with_rights: Callable[[Any], None], operation: Operation, run_sync: Sync
) -> None:
    create(emulator.cluster(), kinds.APPLICATIONS, "argocd", application("payments", "payments-api"))
    with_rights(READ)

    answers = [run_sync() for _ in range(3)]

    (says,) = {answer.says for answer in answers}
    assert says.startswith("waiting for Argo CD's own poll, minutes later than it could be: Kubernetes does not allow")
    assert "to patch applications (API group argoproj.io) in namespace argocd" in says
    assert all(isinstance(answer, Wait) for answer in answers)
    assert said(operation) == [
        "Kubernetes does not allow us to patch Application payments-payments-api in argocd; "
        "waiting for Argo CD's own poll"
    ]
    delete(emulator.cluster(), kinds.APPLICATIONS, "argocd", "payments-payments-api")


def test_so_it_is_while_the_application_does_not_exist_yet(
    with_rights: Callable[[Any], None], operation: Operation, run_sync: Sync
) -> None:
    with_rights(READ)

    answer = run_sync()
    assert isinstance(answer, Wait)
    assert "does not allow us to patch ApplicationSet" in said(operation)[0]
    assert "to patch applicationsets (API group argoproj.io) in namespace argocd" in answer.says


@pytest.mark.parametrize(
    ("step", "rules", "rule"),
    [
        (sync_service, rules_for(kinds.PODS), "get applications (API group argoproj.io) in namespace argocd"),
        (roll_out_service, READ, "get deployments (API group apps) in namespace payments"),
    ],
    ids=["sync", "healthy"],
)
def test_without_the_right_to_follow_it_a_deploy_says_that_git_has_it_and_which_rule_is_missing(
    with_rights: Callable[[Any], None], operation: Operation, step: Step, rules: Any, rule: str
) -> None:
    with_rights(rules)
    sha = operation.steps.get(name="commit").result["sha"]

    with pytest.raises(OutcomeUnknown) as refused:
        step(Context(operation, operation.steps.get(name="sync"), None, "us"))

    assert refused.value.sentence.startswith(f"{sha[:7]} is in git; whether it arrives cannot be seen: Kubernetes does")
    assert rule in refused.value.remedy
    assert refused.value.believed_after > 1


def test_such_a_deploy_ends_without_a_known_outcome_and_not_as_failed(
    with_rights: Callable[[Any], None], operation: Operation
) -> None:
    with_rights(rules_for(kinds.PODS))
    operation.lease_owner = ""
    operation.parameters = {
        "action": "deploy",
        "team_name": "payments",
        "component_name": "payments-api",
        "image_tag": "3.13.0",
    }
    operation.save()

    operation.steps.filter(name="sync").update(refusals=3)
    engine.run(operation.pk, "worker")

    operation.refresh_from_db()
    assert (operation.state, operation.problem["code"]) == (OperationState.STALLED, "unseen")
    assert "is in git; whether it arrives cannot be seen" in operation.reason
    assert operation.problem["facts"]["missing_right"]["resource"] == "applications"
