"""Deployments become ReplicaSets become pods, and change as a rolling update promises."""

from sandbox.controllers.kinds import ENDPOINT_SLICE, ENDPOINTS, NAMESPACE, QUOTA, REPLICA_SET, SERVICE
from tests.sandbox.controllers.world import Cluster

PROBES = {
    "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "initialDelaySeconds": 5, "periodSeconds": 10},
}
HELLO = "ghcr.io/acme/hello"


def condition(thing: dict, kind: str) -> dict:
    return next(one for one in thing["status"]["conditions"] if one["type"] == kind)


async def test_a_deployment_becomes_available_and_says_so(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-plain")
    # An image no other test uses: it must be pulled.
    await cluster.deploy(namespace, "hello", "ghcr.io/acme/playground:0.2.0", replicas=2, container=PROBES)
    deployment = await cluster.available(namespace, "hello")
    assert condition(deployment, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"
    for pod in await cluster.pods(namespace, "hello"):
        container = pod["status"]["containerStatuses"][0]
        assert pod["status"]["phase"] == "Running"
        assert container["ready"]
        assert container["imageID"].startswith("ghcr.io/acme/playground@sha256:")
    for reason in ("ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Pulling", "Pulled", "Created", "Started"):
        await cluster.event(namespace, reason)


async def test_a_service_lists_the_ready_pods_as_endpoints(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-endpoints")
    await cluster.client.create(
        SERVICE,
        {
            "metadata": {"name": "hello", "namespace": namespace},
            "spec": {
                "selector": {"app.kubernetes.io/instance": f"{namespace}-hello"},
                "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
            },
        },
    )
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.0.0", container=PROBES)
    await cluster.available(namespace, "hello")

    async def ready() -> list:
        subsets = (await cluster.client.get(ENDPOINTS, namespace, "hello")).get("subsets") or [{}]
        return subsets[0].get("addresses") and subsets

    subsets = await cluster.until(ready, "the endpoints are ready")
    assert subsets[0]["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    slices = (await cluster.client.list_all(ENDPOINT_SLICE, namespace=namespace))[0]
    assert slices[0]["endpoints"][0]["conditions"]["ready"]
    assert slices[0]["endpoints"][0]["addresses"] == [subsets[0]["addresses"][0]["ip"]]
    await cluster.client.delete(SERVICE, namespace, "hello")

    async def gone() -> bool:
        return await cluster.client.find(ENDPOINTS, namespace, "hello") is None

    await cluster.until(gone, "the endpoints go with the service")


async def test_a_new_version_replaces_the_old_and_a_rollback_brings_its_set_back(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-back")
    for tag in ("1.0.0", "1.1.0", "1.0.0"):
        await cluster.deploy(namespace, "hello", f"{HELLO}:{tag}", replicas=2, container=PROBES)

        async def runs(tag: str = tag) -> bool:
            images = {
                pod["spec"]["containers"][0]["image"]
                for pod in await cluster.pods(namespace, "hello")
                if not pod["metadata"].get("deletionTimestamp")
            }
            return images == {f"{HELLO}:{tag}"}

        await cluster.until(runs, f"only {tag} runs")
        await cluster.available(namespace, "hello")
    sets = (await cluster.client.list_all(REPLICA_SET, namespace=namespace))[0]
    revisions = {
        one["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]: one["metadata"]["annotations"][
            "deployment.kubernetes.io/revision"
        ]
        for one in sets
    }
    assert revisions == {"1.0.0": "3", "1.1.0": "2"}


async def test_a_broken_version_never_takes_the_last_good_pods_away(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-broken")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    more = {"replicas": 2, "strategy": strategy, "progressDeadlineSeconds": 30}
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.0.0", container=PROBES, **more)
    await cluster.available(namespace, "hello")
    await cluster.deploy(namespace, "hello", f"{HELLO}:9.9.9", container=PROBES, **more)

    async def stuck() -> dict | None:
        deployment = await cluster.deployment(namespace, "hello")
        return deployment if condition(deployment, "Progressing")["status"] == "False" else None

    deployment = await cluster.until(stuck, "the deadline passes")
    assert condition(deployment, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert "has timed out progressing." in condition(deployment, "Progressing")["message"]
    assert deployment["status"]["availableReplicas"] == 2


async def test_a_full_quota_is_reported_in_the_quotas_own_words(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-quota")
    await cluster.client.create(
        QUOTA, {"metadata": {"name": "roll-quota", "namespace": namespace}, "spec": {"hard": {"pods": "1"}}}
    )
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.0.0", replicas=2)
    event = await cluster.event(namespace, "FailedCreate", containing="exceeded quota: roll-quota")

    async def failing() -> dict | None:
        conditions = (await cluster.deployment(namespace, "hello")).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == "ReplicaFailure"), None)

    failure = await cluster.until(failing, "the Deployment says why")
    assert "requested: pods=1, used: pods=1, limited: pods=1" in event["message"]
    assert failure["reason"] == "FailedCreate"


async def test_a_pod_below_the_namespaces_level_is_refused_in_the_words_of_pod_security(cluster: Cluster) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "roll-strict", "labels": labels}}
    await cluster.client.apply(NAMESPACE, space)
    await cluster.deploy("roll-strict", "hello", f"{HELLO}:1.0.0")

    event = await cluster.event("roll-strict", "FailedCreate", containing="is forbidden: violates PodSecurity")

    assert (
        '"restricted:latest": allowPrivilegeEscalation != false (container "base-service" must set' in event["message"]
    )


async def test_scaling_to_zero_ends_the_pods_with_grace(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-zero")
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.0.0")
    await cluster.available(namespace, "hello")
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.0.0", replicas=0)

    async def gone() -> bool:
        return not await cluster.pods(namespace, "hello")

    await cluster.until(gone, "all pods are gone")
    await cluster.event(namespace, "Killing", containing="Stopping container base-service")
    await cluster.event(namespace, "SuccessfulDelete")


async def test_recreate_starts_the_new_version_after_the_old_has_gone(cluster: Cluster) -> None:
    namespace = await cluster.namespace("roll-recreate")
    recreate = {"strategy": {"type": "Recreate"}}
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.0.0", **recreate)
    await cluster.available(namespace, "hello")
    await cluster.deploy(namespace, "hello", f"{HELLO}:1.1.0", **recreate)
    most = 0

    async def replaced() -> bool:
        nonlocal most
        pods = await cluster.pods(namespace, "hello")
        most = max(most, len(pods))
        return [pod["spec"]["containers"][0]["image"] for pod in pods] == [f"{HELLO}:1.1.0"]

    await cluster.until(replaced, "the new version is alone")
    assert most == 1
