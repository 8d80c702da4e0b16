"""The mirror follows git and the cluster: one row a service, one a tenant, and what each source had to say."""

import asyncio
from typing import Any

from channels.layers import get_channel_layer
from django.db import connection

from core.clock import now
from integrations.kubernetes import kinds
from operations.choices import OperationState
from operations.models import Operation
from services.models import URGENCY_BROKEN, URGENCY_QUIET, URGENCY_WARNING, Service
from tenants.models import Member, Tenant
from tests.integrations.kubernetes.objects import create, delete, make_namespace
from tests.observer.world import World, row, row_soon, soon, source
from tests.processes import LONGEST_WAIT_S


def test_a_service_of_git_and_cluster_becomes_one_row(world: World, tenant: str) -> None:
    sha = world.git.tenant(tenant, Olga="owner").service(tenant, "apples", replicas=1).commit("deploy: apples -> 1.4.2")
    world.service(tenant, "apples")

    world.observe()

    found = row_soon(tenant, "apples", health="Healthy", replicas_ready=1, tag="1.4.2")
    assert (found.in_git, found.running_tag, found.sync) == (True, "1.4.2", "Synced")
    assert (found.change_sha, found.change_kind, found.changed_by) == (sha, "deploy", "dev")
    assert (found.pods, found.urgency, found.replicas_wanted) == ([["ok", 1]], URGENCY_QUIET, 1)
    assert found.cluster_observed_at is not None
    assert Tenant.objects.get(name=tenant).quotas == {"pods": "10"}
    assert list(Member.objects.filter(tenant__name=tenant).values_list("login", "role")) == [("olga", "owner")]
    # The rows come first, what is said of their sources in a later round.
    soon(lambda: source("kubernetes:pods").last_contact_at is not None, "the cluster's sources are written")
    soon(lambda: source("gitops").revision == sha, "git's source names the commit")
    assert not source("kubernetes:pods").error


def test_a_change_of_pods_reaches_the_row_and_open_pages(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").commit()
    world.service(tenant, "apples")
    world.observe()
    row_soon(tenant, "apples", health="Healthy", in_git=True)

    async def announced() -> dict[str, Any]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(f"tenant.{tenant}", channel)
        await asyncio.to_thread(world.change_pod, tenant, "apples", restarts=3, waiting="CrashLoopBackOff")
        while True:
            message: dict[str, Any] = await asyncio.wait_for(layer.receive(channel), LONGEST_WAIT_S)
            # What was written before the change may be announced after it.
            if message["message"]["type"] == "service.changed" and await asyncio.to_thread(is_restarted):
                return message

    def is_restarted() -> bool:
        found = row(tenant, "apples")
        # This thread's connection must not outlive it.
        connection.close()
        return found is not None and found.restarts == 3

    message = asyncio.run(announced())

    assert message == {
        "type": "changed",
        "message": {"type": "service.changed", "tenant": tenant, "service": "apples"},
    }
    found = row(tenant, "apples")
    assert found is not None
    assert (found.pods, found.restarts, found.urgency) == ([["bad", 1]], 3, URGENCY_WARNING)


def test_a_waiting_operation_is_woken_when_its_service_changes(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").commit()
    world.service(tenant, "apples")
    moment = now()
    waiting = Operation.objects.create(
        public_id=f"deploy-service-{tenant}", name="deploy-service", target=f"{tenant}/apples", tenant=tenant,
        service="apples", summary="Deploy apples", actor="dev", door="web", state=OperationState.RUNNING,
        requested_at=moment, deadline_at=moment.replace(year=2100), wake_at=moment.replace(year=2099),
    )  # fmt: skip
    world.observe()
    row_soon(tenant, "apples", health="Healthy", in_git=True)
    Operation.objects.filter(pk=waiting.pk).update(poked_at=None)

    world.change_application(tenant, "apples", health={"status": "Progressing"})

    poked = Operation.objects.filter(pk=waiting.pk, poked_at__isnull=False)
    soon(poked.exists, "the operation is poked")


def test_an_operation_on_a_tenant_is_woken_when_the_tenant_changes(world: World, tenant: str) -> None:
    world.git.tenant(tenant).commit()
    make_namespace(world.cluster, tenant)
    moment = now()
    waiting = Operation.objects.create(
        public_id=f"clear-tenant-{tenant}", name="clear-tenant", target=tenant, tenant=tenant, summary="Clear it",
        actor="ada", door="web", state=OperationState.RUNNING, requested_at=moment,
        deadline_at=moment.replace(year=2100), wake_at=moment.replace(year=2099),
    )  # fmt: skip
    world.observe()
    soon(Tenant.objects.filter(name=tenant).exists, "the tenant")
    Operation.objects.filter(pk=waiting.pk).update(poked_at=None)

    quota = {"metadata": {"name": f"{tenant}-quota"}, "spec": {"hard": {"pods": "10"}}}
    create(world.cluster, kinds.RESOURCE_QUOTAS, tenant, quota)

    soon(Operation.objects.filter(pk=waiting.pk, poked_at__isnull=False).exists, "the operation is poked")


def test_the_use_of_a_quota_is_the_tenants(world: World, tenant: str) -> None:
    world.git.tenant(tenant).commit()
    make_namespace(world.cluster, tenant)
    world.observe()
    soon(Tenant.objects.filter(name=tenant).exists, "the tenant")
    quota = {"metadata": {"name": f"{tenant}-quota"}, "spec": {"hard": {"pods": "10"}}}

    create(world.cluster, kinds.RESOURCE_QUOTAS, tenant, quota)
    world.pod(tenant, "apples")

    soon(Tenant.objects.filter(name=tenant, quota_used__pods="1").exists, "the use")
    assert Tenant.objects.get(name=tenant).quota_hard == {"pods": "10"}


def test_a_broken_values_file_is_named_and_hides_no_other(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").service(tenant, "pears", tag="7").commit()
    world.service(tenant, "pears")
    world.observe()
    row_soon(tenant, "pears", tag="7", health="Healthy")

    world.git.write(f"services/{tenant}/pears/values.yaml", "image: {tag: '8\n").service(tenant, "apples", tag="1.5")
    world.git.commit()

    row_soon(tenant, "apples", tag="1.5")
    broken = row_soon(tenant, "pears", cause_id="values-unreadable")
    assert (broken.tag, broken.in_git, broken.urgency) == ("7", True, URGENCY_WARNING)
    assert "pears/values.yaml" in broken.values_problem
    soon(lambda: "pears/values.yaml" in source("gitops").notice, "the source names it")
    assert not source("gitops").error


def test_a_service_that_left_git_stays_until_it_left_the_cluster(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").service(tenant, "pears").commit()
    world.service(tenant, "pears")
    world.observe()
    row_soon(tenant, "pears", in_git=True, health="Healthy")
    world.git.remove(f"services/{tenant}/pears/values.yaml").commit()

    left = row_soon(tenant, "pears", in_git=False)
    assert left.cause == "No longer in git, still in the cluster"
    delete(world.cluster, kinds.APPLICATIONS, "argocd", f"{tenant}-pears")
    delete(world.cluster, kinds.DEPLOYMENTS, tenant, f"{tenant}-pears-base-service")

    soon(lambda: row(tenant, "pears") is None, "the row is gone")
    assert row(tenant, "apples") is not None


def test_a_tenant_that_left_git_goes_with_its_members(world: World, tenant: str) -> None:
    gone = f"{tenant}-old"
    world.git.tenant(tenant, dev="developer").tenant(gone, dev="viewer").commit()
    world.observe()
    soon(Tenant.objects.filter(name=gone).exists, "both tenants")

    world.git.remove(f"tenants/{gone}/values.yaml").tenant(tenant, dev="owner").commit()

    soon(Member.objects.filter(tenant__name=tenant, role="owner").exists, "the new role")
    assert not Tenant.objects.filter(name=gone).exists()
    assert list(Member.objects.values_list("login", "role")) == [("dev", "owner")]


def test_the_tenant_is_told_by_labels_and_not_by_dashes_in_a_name(world: World, tenant: str) -> None:
    longer = f"{tenant}-east"
    world.git.tenant(tenant).tenant(longer).service(tenant, "east-apples").service(longer, "apples").commit()
    world.service(longer, "apples", health="Degraded")

    world.observe()

    degraded = row_soon(longer, "apples", health="Degraded")
    absent = row_soon(tenant, "east-apples", health="Missing")
    assert degraded.urgency == URGENCY_BROKEN
    assert absent.pods == []


def test_an_unhealthy_service_says_why_until_it_is_well(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").commit()
    world.service(tenant, "apples")
    world.observe()
    row_soon(tenant, "apples", health="Healthy", in_git=True, cause="")

    world.change_pod(tenant, "apples", waiting="ImagePullBackOff")
    ill = Service.objects.filter(tenant=tenant, name="apples", urgency=URGENCY_BROKEN).exclude(cause="")
    soon(ill.exists, "a cause in words")
    found = ill.get()
    assert (found.cause_id, found.cause_tone) == (found.diagnosis["findings"][0]["cause"], "bad")

    world.change_pod(tenant, "apples")
    row_soon(tenant, "apples", cause="", cause_id="", diagnosis={}, urgency=URGENCY_QUIET)
