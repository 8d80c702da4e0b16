"""Every fault shows in the cluster as it does in life, and is mended the way its description says."""

import asyncio

import pytest

from sandbox import faults
from sandbox.controllers.kinds import CONFIG_MAP, DEPLOYMENT, QUOTA
from sandbox.controllers.kubelet.behaviour import ending
from sandbox.registry import pull
from tests.sandbox.controllers.world import Cluster

HELLO = "ghcr.io/acme/hello"
READINESS = {
    "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "initialDelaySeconds": 2, "periodSeconds": 5},
}
LIMIT = {"resources": {"limits": {"memory": "128Mi"}}}


async def add(cluster: Cluster, name: str, tenant: str, **settings: object) -> faults.ActiveFault:
    return await asyncio.to_thread(faults.add, cluster.world.kubeconfig, name, tenant, "hello", **settings)


async def remove(cluster: Cluster, name: str, tenant: str) -> bool:
    return await asyncio.to_thread(faults.remove, cluster.world.kubeconfig, name, tenant, "hello")


async def healthy(cluster: Cluster, tenant: str, **container: object) -> str:
    await cluster.namespace(tenant)
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.0.0", container=container)
    await cluster.available(tenant, "hello")
    return tenant


def test_the_catalogue_says_of_every_fault_how_it_is_mended() -> None:
    for fault in faults.CATALOGUE.values():
        assert fault.description.endswith(".")
        assert fault.mended_by.endswith(".")


def test_a_fault_bound_to_a_tag_leaves_other_versions_alone() -> None:
    active = faults.ActiveFault(
        "payments", "ledger-api", faults.CATALOGUE["oom"], {"image_tag": "2.8.1", "needs_mib": 300}
    )
    bad, good = pull("ghcr.io/acme/ledger-api:2.8.1").program, pull("ghcr.io/acme/ledger-api:2.8.0").program
    assert active.concerns(bad)
    assert not active.concerns(good)
    broken = active.fault.change(bad, active.settings)
    killed = ending(broken, {}, limit_mib=256)
    assert killed is not None
    assert killed.reason == "OOMKilled"
    assert ending(broken, {}, limit_mib=320) is None


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("oomph", {}, "There is no fault 'oomph'"),
        ("oom", {"colour": 1}, "oom has no setting 'colour'"),
    ],
)
def test_an_unknown_fault_or_setting_is_refused_with_what_there_is(
    cluster: Cluster, name: str, settings: dict, sentence: str
) -> None:
    with pytest.raises(faults.FaultError, match=sentence):
        faults.add(cluster.world.kubeconfig, name, "t", "s", **settings)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("slow-start", "It has no health check, so nobody would notice"),
        ("failing-readiness", "It has no readiness check"),
        ("failing-liveness", "It has no liveness check"),
        ("vault-path-missing", "It has no ExternalSecret"),
        ("domain-not-pointed", "It has no Certificate"),
        ("typo-in-tag", "the GitOps repository is needed"),
    ],
)
async def test_a_fault_that_the_service_cannot_show_is_refused_with_the_reason(
    cluster: Cluster, name: str, sentence: str
) -> None:
    tenant = await healthy(cluster, "fault-unfit")
    with pytest.raises(faults.FaultError, match=sentence):
        await add(cluster, name, tenant)


async def test_a_fault_of_a_service_that_is_not_there_is_refused(cluster: Cluster) -> None:
    with pytest.raises(faults.FaultError, match="There is no service nowhere/hello in the cluster"):
        await add(cluster, "oom", "nowhere")


async def test_a_fault_can_be_written_by_any_client_and_half_typed_ones_are_ignored(cluster: Cluster) -> None:
    tenant = await healthy(cluster, "fault-raw")
    await add(cluster, "wrong-port", tenant, image_tag="9.9.9")
    data = {f"{tenant}.hello.crash-loop": "{exit_code: 3}", f"{tenant}.hello.oom": "{{", "nonsense": "x"}
    await cluster.client.patch(CONFIG_MAP, faults.NAMESPACE_NAME, faults.CONFIG_NAME, {"data": data})
    status = await cluster.waiting(tenant, "hello", "CrashLoopBackOff")
    assert status["lastState"]["terminated"]["exitCode"] == 3
    listed = await asyncio.to_thread(faults.list_faults, cluster.world.kubeconfig)
    assert [one.fault.name for one in listed if one.tenant == tenant] == ["crash-loop", "wrong-port"]
    gone = dict.fromkeys((*data, f"{tenant}.hello.wrong-port"))
    await cluster.client.patch(CONFIG_MAP, faults.NAMESPACE_NAME, faults.CONFIG_NAME, {"data": gone})


async def test_crash_loop_ends_with_another_version(cluster: Cluster) -> None:
    tenant = await healthy(cluster, "fault-crash")
    active = await add(cluster, "crash-loop", tenant)
    assert active.settings["image_tag"] == "1.0.0"
    await cluster.waiting(tenant, "hello", "CrashLoopBackOff")
    pod = (await cluster.pods(tenant))[0]["metadata"]["name"]
    assert "panic: runtime error" in await cluster.log(tenant, pod, previous="true")
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.1.0")
    await cluster.available(tenant, "hello")
    assert await remove(cluster, "crash-loop", tenant)
    assert not await remove(cluster, "crash-loop", tenant)


async def test_oom_ends_when_the_limit_is_above_the_need(cluster: Cluster) -> None:
    tenant = await healthy(cluster, "fault-oom", **LIMIT)
    active = await add(cluster, "oom", tenant)
    assert active.settings["needs_mib"] == 192
    await cluster.container(
        tenant,
        "hello",
        lambda one: (one["lastState"].get("terminated") or {}).get("exitCode") == 137,
        "the container is killed",
    )
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.0.0", container={"resources": {"limits": {"memory": "256Mi"}}})
    await cluster.available(tenant, "hello")


async def test_failing_readiness_ends_when_the_probe_asks_the_right_path(cluster: Cluster) -> None:
    tenant = await healthy(cluster, "fault-ready", **READINESS)
    await add(cluster, "failing-readiness", tenant, serves_path="/health/ready")
    await cluster.event(tenant, "Unhealthy", containing="Readiness probe failed: HTTP probe failed with statuscode: 4")
    await cluster.container(tenant, "hello", lambda one: not one["ready"], "the container is not ready")
    probe = {**READINESS["readinessProbe"], "httpGet": {"path": "/health/ready", "port": "http"}}
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.0.0", container={**READINESS, "readinessProbe": probe})
    await cluster.available(tenant, "hello")


async def test_failing_readiness_answers_503_until_it_is_removed(cluster: Cluster) -> None:
    tenant = await healthy(cluster, "fault-503", **READINESS)
    await add(cluster, "failing-readiness", tenant)
    await cluster.event(tenant, "Unhealthy", containing="statuscode: 503")
    await cluster.container(tenant, "hello", lambda one: not one["ready"], "the container is not ready")
    await remove(cluster, "failing-readiness", tenant)
    await cluster.available(tenant, "hello")


async def test_slow_start_is_mended_by_a_startup_probe(cluster: Cluster) -> None:
    liveness = {"httpGet": {"path": "/healthz", "port": "http"}, "initialDelaySeconds": 5, "periodSeconds": 5}
    container = {**READINESS, "livenessProbe": liveness}
    tenant = await healthy(cluster, "fault-slow", **container)
    await add(cluster, "slow-start", tenant, ready_after_s=60)
    await cluster.event(tenant, "Killing", containing="failed liveness probe, will be restarted")
    startup = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10, "failureThreshold": 30}
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.0.0", container={**container, "startupProbe": startup})
    await cluster.available(tenant, "hello")


async def test_a_lost_image_tag_is_noticed_and_mended_by_another(cluster: Cluster) -> None:
    tenant = await healthy(cluster, "fault-tag")
    await add(cluster, "bad-image-tag", tenant)
    await cluster.waiting(tenant, "hello", "ImagePullBackOff")
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.1.0")
    await cluster.available(tenant, "hello")


async def test_an_exhausted_quota_refuses_pods_until_it_is_raised(cluster: Cluster) -> None:
    tenant = await cluster.namespace("fault-quota")
    quota = {"metadata": {"name": "fault-quota", "namespace": tenant}, "spec": {"hard": {"requests.memory": "2Gi"}}}
    await cluster.client.create(QUOTA, quota)
    small = {"resources": {"requests": {"memory": "64Mi"}}}
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.0.0", container=small)
    await cluster.available(tenant, "hello")
    await add(cluster, "quota-exhausted", tenant)

    async def crowded() -> bool:
        load = await cluster.client.find(DEPLOYMENT, tenant, "batch-import")
        return bool(load) and (load.get("status") or {}).get("readyReplicas") == load["spec"]["replicas"]

    await cluster.until(crowded, "the load holds what was left")
    await cluster.deploy(tenant, "hello", f"{HELLO}:1.0.0", replicas=2, container=small)
    await cluster.event(tenant, "FailedCreate", containing="exceeded quota: fault-quota, requested: requests.memory")
    await cluster.client.patch(QUOTA, tenant, "fault-quota", {"spec": {"hard": {"requests.memory": "3Gi"}}})
    await cluster.available(tenant, "hello")
    await remove(cluster, "quota-exhausted", tenant)

    async def empty() -> bool:
        return await cluster.client.find(DEPLOYMENT, tenant, "batch-import") is None

    await cluster.until(empty, "the load is gone")
