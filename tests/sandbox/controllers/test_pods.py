"""What can go wrong with a pod goes wrong with the objects, reasons and words of the real kubelet."""

import pytest

from sandbox.controllers.client import ApiError
from sandbox.controllers.kinds import POD, SECRET
from tests.sandbox.controllers.world import Cluster

ACME = "ghcr.io/acme"
PORT = {"ports": [{"name": "http", "containerPort": 8080}]}


async def test_a_tag_that_does_not_exist_is_refused_in_the_registrys_words(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-tag")
    await cluster.deploy(namespace, "relay", f"{ACME}/webhook-relay:1.9.O")
    waiting = (await cluster.waiting(namespace, "relay", "ImagePullBackOff"))["state"]["waiting"]
    image = f"{ACME}/webhook-relay:1.9.O"
    assert waiting["message"].startswith(f'Back-off pulling image "{image}": ErrImagePull: rpc error: code = NotFound')
    failed = await cluster.event(namespace, "Failed", containing="Failed to pull image")
    assert failed["message"].endswith(f'failed to resolve reference "{image}": {image}: not found')
    assert failed["involvedObject"]["fieldPath"] == "spec.containers{base-service}"
    with pytest.raises(ApiError, match="trying and failing to pull image"):
        await cluster.log(namespace, (await cluster.pods(namespace))[0]["metadata"]["name"])


async def test_a_private_image_needs_credentials(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-private")
    pod = {"imagePullSecrets": [{"name": "ghcr-credentials"}]}
    await cluster.deploy(namespace, "invoice", f"{ACME}/invoice-pdf:0.4.0", pod=pod)
    waiting = (await cluster.waiting(namespace, "invoice", "ImagePullBackOff"))["state"]["waiting"]
    assert "401 Unauthorized" in waiting["message"]
    await cluster.event(namespace, "FailedToRetrieveImagePullSecret", containing="ghcr-credentials")
    await cluster.client.create(
        SECRET,
        {
            "metadata": {"name": "ghcr-credentials", "namespace": namespace},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": "eyJhdXRocyI6e319"},
        },
    )
    await cluster.available(namespace, "invoice")


async def test_a_program_without_its_variable_crashes_and_leaves_its_last_words(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-crash")
    await cluster.deploy(namespace, "web", f"{ACME}/checkout-web:5.2.0-rc1")
    status = await cluster.waiting(namespace, "web", "CrashLoopBackOff")
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert status["lastState"]["terminated"]["reason"] == "Error"
    assert status["restartCount"] >= 1
    assert "restarting failed container=base-service pod=pod-crash-web-" in status["state"]["waiting"]["message"]
    pod = (await cluster.pods(namespace))[0]["metadata"]["name"]
    log = await cluster.log(namespace, pod, previous="true")
    assert "Missing required environment variable: CHECKOUT_SESSION_SECRET" in log

    async def repeated() -> bool:
        return (await cluster.event(namespace, "BackOff", containing="Back-off restarting"))["count"] > 1

    await cluster.until(repeated, "the event is counted")
    variables = {"env": [{"name": "CHECKOUT_SESSION_SECRET", "value": "s3cret"}]}
    await cluster.deploy(namespace, "web", f"{ACME}/checkout-web:5.2.0-rc1", container=variables)
    await cluster.available(namespace, "web")


async def test_a_program_above_its_memory_limit_is_killed_until_the_limit_is_raised(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-oom")
    image = f"{ACME}/catalog-api:2.0.0"
    await cluster.deploy(namespace, "catalog", image, container={"resources": {"limits": {"memory": "256Mi"}}})
    status = await cluster.container(
        namespace,
        "catalog",
        lambda one: (one["lastState"].get("terminated") or {}).get("reason") == "OOMKilled",
        "the container is killed",
    )
    assert status["lastState"]["terminated"]["exitCode"] == 137
    await cluster.deploy(namespace, "catalog", image, container={"resources": {"limits": {"memory": "512Mi"}}})
    await cluster.available(namespace, "catalog")


async def test_a_probe_on_a_port_nobody_listens_on_is_refused(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-port")
    container = {
        "ports": [{"name": "http", "containerPort": 9090}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5},
        "livenessProbe": {"tcpSocket": {"port": 9090}, "initialDelaySeconds": 20, "periodSeconds": 5},
    }
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", container=container)
    unhealthy = await cluster.event(namespace, "Unhealthy", containing="Readiness probe failed: Get")
    assert unhealthy["message"].endswith(":9090: connect: connection refused")
    await cluster.event(namespace, "Killing", containing="failed liveness probe, will be restarted")
    variables = {**container, "env": [{"name": "PORT", "value": "9090"}]}
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", container=variables)
    await cluster.available(namespace, "hello")


async def test_a_missing_secret_holds_the_container_back_until_it_is_there(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-secret")
    container = {"envFrom": [{"secretRef": {"name": "hello-secrets"}}]}
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", container=container)
    status = await cluster.waiting(namespace, "hello", "CreateContainerConfigError")
    assert status["state"]["waiting"]["message"] == 'secret "hello-secrets" not found'
    await cluster.client.create(SECRET, {"metadata": {"name": "hello-secrets", "namespace": namespace}})
    await cluster.available(namespace, "hello")


async def test_a_pod_too_large_for_every_node_says_what_is_insufficient(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-large")
    container = {"resources": {"requests": {"cpu": "64", "memory": "1Gi"}}}
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", container=container)
    event = await cluster.event(namespace, "FailedScheduling")
    assert event["message"] == (
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod."
    )
    assert event.get("lastTimestamp") is None
    conditions = {one["type"]: one for one in (await cluster.pods(namespace))[0]["status"]["conditions"]}
    assert conditions["PodScheduled"]["reason"] == "Unschedulable"


async def test_init_containers_run_first_and_side_containers_beside(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-parts")
    pod = {"initContainers": [{"name": "migrate", "image": f"{ACME}/hello:1.1.0"}]}
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", pod=pod)
    await cluster.available(namespace, "hello")
    status = (await cluster.pods(namespace))[0]["status"]
    assert status["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"


async def test_a_log_can_be_cut_stamped_and_followed(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-log")
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", container=PORT)
    await cluster.available(namespace, "hello")
    pod = (await cluster.pods(namespace))[0]["metadata"]["name"]

    async def written() -> bool:
        return len((await cluster.log(namespace, pod)).splitlines()) >= 6

    await cluster.until(written, "six lines are written")
    lines = (await cluster.log(namespace, pod)).splitlines()
    assert "starting hello 1.0.0" in lines[0]
    assert any("listening on 0.0.0.0:8080" in line for line in lines)
    assert len((await cluster.log(namespace, pod, tailLines="2")).splitlines()) == 2
    assert (await cluster.log(namespace, pod, timestamps="true"))[:2] == "20"
    assert len(await cluster.log(namespace, pod, limitBytes="20")) == 20
    with pytest.raises(ApiError, match="previous terminated container"):
        await cluster.log(namespace, pod, previous="true")
    url = f"{cluster.client.server}{POD.path(namespace, pod, 'log')}?follow=true&tailLines=1"
    async with cluster.client.session.get(url) as response:
        followed = [await response.content.readline() for _ in range(3)]
    assert all(line.startswith(b"{") for line in followed)


async def test_controllers_that_start_again_take_the_pods_over_as_they_are(cluster: Cluster) -> None:
    namespace = await cluster.namespace("pod-again")
    await cluster.deploy(namespace, "hello", f"{ACME}/hello:1.0.0", container=PORT)
    await cluster.deploy(namespace, "web", f"{ACME}/checkout-web:5.2.0-rc1")
    await cluster.available(namespace, "hello")
    crashed = await cluster.waiting(namespace, "web", "CrashLoopBackOff")
    before = (await cluster.pods(namespace, "hello"))[0]
    cluster.world.stop("controllers")
    cluster.world.start_controllers()
    await cluster.container(
        namespace, "web", lambda one: one["restartCount"] > crashed["restartCount"], "the crash loop goes on"
    )
    after = (await cluster.pods(namespace, "hello"))[0]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    log = await cluster.log(namespace, after["metadata"]["name"])
    assert "starting hello 1.0.0" in log.splitlines()[0]
