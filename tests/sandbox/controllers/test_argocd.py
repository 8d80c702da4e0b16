"""Applications follow the real repository through the real charts, and report as Argo CD 3 does."""

from typing import Any

from sandbox.controllers.client import Thing
from sandbox.controllers.kinds import APPLICATION, APPLICATION_SET, DEPLOYMENT, NAMESPACE, SERVICE
from tests.sandbox.controllers.world import Cluster, GitOps, health

HELLO = "ghcr.io/acme/hello"


def phase(application: Thing) -> str:
    return str(((application.get("status") or {}).get("operationState") or {}).get("phase", ""))


def said(application: Thing) -> str:
    return str(((application.get("status") or {}).get("operationState") or {}).get("message", ""))


def conditions(application: Thing) -> dict[str, str]:
    found = (application.get("status") or {}).get("conditions") or []
    return {one["type"]: one["message"] for one in found}


async def onboard(cluster: Cluster, gitops: GitOps, tenant: str, **values: Any) -> str:
    """A tenant with one healthy service `hello`; returns the commit it is at."""
    gitops.tenant(tenant)
    commit = gitops.service(tenant, "hello", f"{HELLO}:1.0.0", **values)
    for name in ("tenants", "apps"):
        await cluster.refresh(APPLICATION_SET, name)
    await cluster.application(f"{tenant}-hello", lambda app: health(app) == "Healthy", "is healthy")
    return commit


async def test_a_new_folder_becomes_a_healthy_application(cluster: Cluster, gitops: GitOps) -> None:
    commit = await onboard(cluster, gitops, "argo-new")
    application = await cluster.healthy("argo-new-hello", commit)
    status = application["status"]
    assert status["sync"]["revisions"] == [commit, commit]
    assert status["operationState"]["phase"] == "Succeeded"
    assert status["operationState"]["message"] == "successfully synced (all tasks run)"
    assert status["history"][-1]["revisions"] == [commit, commit]
    assert status["summary"]["images"] == [f"{HELLO}:1.0.0"]
    assert {one["kind"] for one in status["resources"]} >= {"Deployment", "Service"}
    deployment = await cluster.client.get(DEPLOYMENT, "argo-new", "argo-new-hello-base-service")
    assert deployment["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] == (
        "argo-new-hello:apps/Deployment:argo-new/argo-new-hello-base-service"
    )
    assert (await cluster.client.get(NAMESPACE, "", "argo-new"))["status"]["phase"] == "Active"


async def test_a_refresh_brings_a_new_commit_at_once_and_is_acknowledged(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-deploy")
    commit = gitops.service("argo-deploy", "hello", f"{HELLO}:1.1.0")
    await cluster.refresh(APPLICATION, "argo-deploy-hello")
    application = await cluster.healthy("argo-deploy-hello", commit)
    assert application["status"]["summary"]["images"] == [f"{HELLO}:1.1.0"]

    async def acknowledged() -> bool:
        found = await cluster.client.get(APPLICATION, "argocd", "argo-deploy-hello")
        return "argocd.argoproj.io/refresh" not in found["metadata"].get("annotations", {})

    await cluster.until(acknowledged, "the annotation is removed")


async def test_git_is_read_again_by_itself_every_three_minutes(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-poll")
    commit = gitops.service("argo-poll", "hello", f"{HELLO}:1.2.0")
    await cluster.healthy("argo-poll-hello", commit)


async def test_a_change_by_hand_is_healed(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-drift")
    name = "argo-drift-hello-base-service"
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}, "replicas": 3}}
    await cluster.client.patch(DEPLOYMENT, "argo-drift", name, change)

    async def healed() -> bool:
        return (await cluster.client.get(DEPLOYMENT, "argo-drift", name))["spec"]["replicas"] == 1

    await cluster.until(healed, "the replicas are as git says")
    application = await cluster.application(
        "argo-drift-hello", lambda app: len(app["status"]["history"]) == 2, "has synced once more"
    )
    assert application["status"]["history"][1]["revisions"] == application["status"]["history"][0]["revisions"]


async def test_what_git_no_longer_names_is_pruned(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-prune", ingress={"enabled": True, "host": "prune.example.dev"})
    commit = gitops.service("argo-prune", "hello", f"{HELLO}:1.0.0")
    await cluster.refresh(APPLICATION, "argo-prune-hello")
    application = await cluster.healthy("argo-prune-hello", commit)
    results = application["status"]["operationState"]["syncResult"]["resources"]
    assert [(one["kind"], one["status"]) for one in results] == [("Ingress", "Pruned")]


async def test_values_that_do_not_render_are_a_comparison_error(cluster: Cluster, gitops: GitOps) -> None:
    good = await onboard(cluster, gitops, "argo-render")
    gitops.commit({"services/argo-render/hello/values.yaml": "image: {repository: ghcr.io/acme/hello}\n"})
    await cluster.refresh(APPLICATION, "argo-render-hello")
    application = await cluster.application(
        "argo-render-hello", lambda app: "ComparisonError" in conditions(app), "cannot be compared"
    )
    assert conditions(application)["ComparisonError"].startswith("Failed to load target state: failed to generate")
    assert application["status"]["sync"]["status"] == "Unknown"
    assert health(application) == "Healthy"
    commit = gitops.service("argo-render", "hello", f"{HELLO}:1.0.0")
    await cluster.refresh(APPLICATION, "argo-render-hello")
    application = await cluster.healthy("argo-render-hello", commit)
    assert good != commit
    assert "ComparisonError" not in conditions(application)


async def test_an_object_the_server_refuses_fails_the_sync_after_its_retries(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-invalid")
    bad = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": "none"}}
    gitops.service("argo-invalid", "hello", f"{HELLO}:1.0.0", extraObjects=[bad])
    await cluster.refresh(APPLICATION, "argo-invalid-hello")
    await cluster.application("argo-invalid-hello", lambda app: "Retrying attempt #2 at" in said(app), "tries again")
    application = await cluster.application("argo-invalid-hello", lambda app: phase(app) == "Failed", "gives up")
    state = application["status"]["operationState"]
    assert state["message"].startswith("one or more objects failed to apply, reason: ")
    assert state["message"].endswith("(retried 5 times).")
    failed = [one for one in state["syncResult"]["resources"] if one["status"] == "SyncFailed"]
    assert [(one["name"], one["hookPhase"]) for one in failed] == [("bad", "Failed")]
    application = await cluster.application(
        "argo-invalid-hello", lambda app: "SyncError" in conditions(app), "says that the sync failed"
    )
    assert application["status"]["sync"]["status"] == "OutOfSync"


async def test_a_kind_the_project_forbids_is_not_applied(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-project")
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "own"},
        "spec": {"secretName": "own", "issuerRef": {"name": "x"}, "dnsNames": ["x.example.dev"]},
    }
    gitops.service("argo-project", "hello", f"{HELLO}:1.0.0", extraObjects=[certificate])
    await cluster.refresh(APPLICATION, "argo-project-hello")
    refusal = "resource cert-manager.io:Certificate is not permitted in project apps"
    await cluster.application("argo-project-hello", lambda app: refusal in said(app), "is refused")


async def test_an_operation_asked_for_is_run_and_removed(cluster: Cluster, gitops: GitOps) -> None:
    commit = await onboard(cluster, gitops, "argo-manual")
    manual = {"initiatedBy": {"username": "dev"}, "sync": {"revisions": [commit, commit], "prune": True}}
    await cluster.client.patch(APPLICATION, "argocd", "argo-manual-hello", {"operation": manual})
    application = await cluster.application(
        "argo-manual-hello",
        lambda app: (
            app["status"]["operationState"]["operation"].get("initiatedBy") == {"username": "dev"}
            and phase(app) == "Succeeded"
        ),
        "has run the operation",
    )
    assert "operation" not in application
    assert application["status"]["history"][-1]["initiatedBy"] == {"username": "dev"}


async def test_a_removed_folder_takes_its_application_and_objects_along(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "argo-gone")
    gitops.commit({"services/argo-gone/hello/values.yaml": None}, "Retire argo-gone/hello")
    await cluster.refresh(APPLICATION_SET, "apps")

    async def gone() -> bool:
        application = await cluster.client.find(APPLICATION, "argocd", "argo-gone-hello")
        left = [
            await cluster.client.find(kind, "argo-gone", "argo-gone-hello-base-service")
            for kind in (DEPLOYMENT, SERVICE)
        ]
        return application is None and left == [None, None] and not await cluster.pods("argo-gone")

    await cluster.until(gone, "application, objects and pods are gone")


async def test_an_application_of_an_absent_project_says_so(cluster: Cluster) -> None:
    spec = {
        "project": "nowhere",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
        "source": {"repoURL": cluster.world.git_url, "path": "platform-gitops/projects", "targetRevision": "main"},
    }
    await cluster.client.create(APPLICATION, {"metadata": {"name": "lost", "namespace": "argocd"}, "spec": spec})
    application = await cluster.application("lost", lambda app: "InvalidSpecError" in conditions(app), "is refused")
    assert conditions(application)["InvalidSpecError"] == "Application referencing project nowhere which does not exist"
    await cluster.client.delete(APPLICATION, "argocd", "lost")


async def test_a_repository_that_does_not_answer_is_a_comparison_error(cluster: Cluster) -> None:
    spec = {
        "project": "default",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
        "source": {"repoURL": "http://127.0.0.1:9/other.git", "path": "x", "targetRevision": "main"},
    }
    await cluster.client.create(APPLICATION, {"metadata": {"name": "deaf", "namespace": "argocd"}, "spec": spec})
    application = await cluster.application("deaf", lambda app: "ComparisonError" in conditions(app), "is unknown")
    assert "failed to list refs" in conditions(application)["ComparisonError"]
    assert application["status"]["sync"]["status"] == "Unknown"
    await cluster.client.delete(APPLICATION, "argocd", "deaf")
