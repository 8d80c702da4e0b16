"""Each source fills its own columns: a right that is missing leaves the rest of the mirror as true as before."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.kubernetes import kinds
from services.models import URGENCY_QUIET, Service
from tenants.models import Source
from tests.integrations.kubernetes.limited_account import LimitedAccount, rules_for
from tests.observer.world import World, row_soon, soon, source

Watch = Callable[[Any], LimitedAccount]
OF_THE_MIRROR = (kinds.APPLICATIONS, kinds.DEPLOYMENTS, kinds.PODS, kinds.RESOURCE_QUOTAS, kinds.EVENTS)


def all_but(missing: kinds.Kind) -> list[dict[str, Any]]:
    return rules_for(*(kind for kind in OF_THE_MIRROR if kind is not missing))


@pytest.fixture
def observe_with(world: World, tenant: str) -> Watch:
    """The observer under an account with these rights alone, of a service that is well."""

    def start(rules: Any) -> LimitedAccount:
        world.git.tenant(tenant).service(tenant, "apples").commit()
        world.service(tenant, "apples")
        account = LimitedAccount(world.emulator, f"observer-of-{tenant}", rules)
        world.environment["MCTL_KUBECONFIG"] = str(account.kubeconfig())
        world.observe()
        return account

    return start


def test_without_pods_applications_and_deployments_are_followed(world: World, tenant: str, observe_with: Watch) -> None:
    account = observe_with(all_but(kinds.PODS))

    found = row_soon(tenant, "apples", health="Healthy", replicas_ready=1, in_git=True)
    assert (found.pods, found.restarts, found.running_tag) == (None, None, "")
    assert found.urgency == URGENCY_QUIET
    soon(lambda: "list pods" in source("kubernetes:pods").error, "the source names the right")
    assert not source("kubernetes:applications").error
    world.change_application(tenant, "apples", health={"status": "Degraded"})
    row_soon(tenant, "apples", health="Degraded", pods__isnull=True)

    account.give(rules_for(*OF_THE_MIRROR))
    row_soon(tenant, "apples", restarts=0, running_tag="1.4.2")


def test_without_applications_the_workload_speaks_and_no_row_is_taken_away(
    world: World, tenant: str, observe_with: Watch
) -> None:
    observe_with(all_but(kinds.APPLICATIONS))

    found = row_soon(tenant, "apples", health="Healthy", replicas_ready=1, in_git=True)
    assert (found.sync, found.pods) == ("Unknown", [["ok", 1]])
    world.git.service(tenant, "pears").commit()
    pears = row_soon(tenant, "pears", in_git=True)
    assert (pears.health, pears.replicas_wanted, pears.replicas_ready) == ("Unknown", 1, 0)

    # Nobody can tell whether an Application of it lives on.
    world.git.remove(f"services/{tenant}/pears/values.yaml").commit()
    row_soon(tenant, "pears", in_git=False)


def test_without_deployments_pods_are_counted(tenant: str, observe_with: Watch) -> None:
    observe_with(all_but(kinds.DEPLOYMENTS))

    found = row_soon(tenant, "apples", health="Healthy", replicas_ready=1, in_git=True)
    assert (found.replicas_wanted, found.pods, found.running_tag) == (1, [["ok", 1]], "1.4.2")


@pytest.mark.parametrize(("missing", "name"), [(kinds.EVENTS, "events"), (kinds.RESOURCE_QUOTAS, "resourcequotas")])
def test_without_events_or_quotas_every_column_is_there(
    tenant: str, observe_with: Watch, missing: kinds.Kind, name: str
) -> None:
    observe_with(all_but(missing))

    row_soon(tenant, "apples", health="Healthy", replicas_ready=1, restarts=0, running_tag="1.4.2")
    soon(Source.objects.filter(name=f"kubernetes:{name}").exclude(error="").exists, "the source says so")
    assert not source("kubernetes:pods").error


def test_a_right_that_is_taken_away_keeps_what_it_told_and_says_of_when_it_is(
    world: World, tenant: str, observe_with: Watch
) -> None:
    account = observe_with(rules_for(*OF_THE_MIRROR))
    row_soon(tenant, "apples", health="Healthy", restarts=0, running_tag="1.4.2", in_git=True)
    soon(lambda: source("kubernetes:pods").last_contact_at is not None, "the source is written")

    account.give(all_but(kinds.PODS))
    world.observers.pop().kill()
    world.observe()
    soon(lambda: "list pods" in source("kubernetes:pods").error, "the source names the right")
    read_at = source("kubernetes:pods").last_contact_at
    world.change_application(tenant, "apples", health={"status": "Progressing"})

    kept = row_soon(tenant, "apples", health="Progressing")
    assert (kept.pods, kept.restarts, kept.running_tag) == ([["ok", 1]], 0, "1.4.2")
    assert source("kubernetes:pods").last_contact_at == read_at
    assert Service.objects.filter(tenant=tenant).count() == 1
