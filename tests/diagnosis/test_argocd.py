"""Argo CD: failures that hold a change back, drift, and what only looks like trouble."""

# ruff: noqa: E501 - messages stand as the systems write them

import pytest

from tests.diagnosis.builders import (
    App,
    ago,
    application,
    causes,
    crashing,
    diagnose,
    ended,
    notices,
    said,
)

FAILED = {"sync": "OutOfSync", "wanted": "bbb2", "phase": "Failed", "finished": ago(minutes=20)}


def failing(message: str, **more):
    app = App()
    results = [
        {
            "group": "apps",
            "kind": "Deployment",
            "name": "api",
            "namespace": "labs",
            "status": "SyncFailed",
            "hookPhase": "Failed",
            "message": message,
        }
    ]
    return app, application(
        app,
        **{
            **FAILED,
            "message": f"one or more objects failed to apply, reason: {message} (retried 5 times).",
            "results": results,
            **more,
        },
    )


SYNC_FAILURES = [
    (
        "argocd-immutable-field",
        'Deployment.apps "api" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"api2"}}: field is immutable',
        "spec.selector",
    ),
    (
        "argocd-immutable-field",
        "StatefulSet.apps \"api\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' are forbidden",
        "statefulset",
    ),
    (
        "argocd-immutable-field",
        'Service "api" is invalid: spec.clusterIPs[0]: Invalid value: []string{"None"}: may not change once set',
        "clusterIP",
    ),
    (
        "argocd-manifest-invalid",
        'Deployment.apps "api" is invalid: spec.template.spec.containers[0].image: Required value',
        "image",
    ),
    (
        "argocd-manifest-invalid",
        'error validating data: ValidationError(Deployment.spec): unknown field "replica" in io.k8s.api.apps.v1.DeploymentSpec',
        "replica",
    ),
    (
        "argocd-manifest-invalid",
        'The Kubernetes API could not find monitoring.coreos.com/ServiceMonitor for requested resource labs/api. Make sure the "ServiceMonitor" CRD is installed on the destination cluster.',
        "ServiceMonitor",
    ),
    (
        "argocd-manifest-invalid",
        'failed to create typed patch object (labs/api; apps/v1, Kind=Deployment): .spec.template.spec.containers[0].env: duplicate entries for key [name="A"]',
        "duplicate",
    ),
    ("argocd-namespace-missing", 'namespaces "labs-prod" not found', "labs-prod"),
    (
        "quota-exceeded",
        'services "api" is forbidden: exceeded quota: labs-quota, requested: services=1, used: services=10, limited: services=10',
        "labs-quota",
    ),
    (
        "node-port-conflict",
        'Service "api" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
        "30080",
    ),
    (
        "ingress-host-conflict",
        'admission webhook "validate.nginx.ingress.kubernetes.io" denied the request: host "shop.example.dev" and path "/" is already defined in ingress ovk/shop',
        "ovk/shop",
    ),
    (
        "admission-webhook-unavailable",
        'Internal error occurred: failed calling webhook "validate.nginx.ingress.kubernetes.io": failed to call webhook: Post "https://x.svc:443/": no endpoints available for service "x"',
        "validate.nginx",
    ),
    (
        "namespace-terminating",
        'deployments.apps "api" is forbidden: unable to create new content in namespace labs because it is being terminated',
        "labs",
    ),
]


@pytest.mark.parametrize(("cause", "message", "mention"), SYNC_FAILURES)
def test_a_failed_sync_names_the_cause(cause: str, message: str, mention: str):
    app, argo = failing(message)
    found = diagnose(app, argo)

    assert causes(found) == [cause]
    assert mention in said(found)


def test_a_sync_that_keeps_retrying_is_no_expected_one():
    app, argo = failing(
        'Deployment.apps "api" is invalid: spec.replicas: Invalid value: -1', phase="Running", started=ago(minutes=3)
    )
    argo["status"]["operationState"]["message"] += " Retrying attempt #3 at 9:29AM."

    assert causes(diagnose(app, argo)) == ["argocd-manifest-invalid"]


def test_a_neighbours_failed_resource_is_not_ours():
    app, other = App(), App("other")
    resources = [
        {"kind": "Deployment", "group": "apps", "name": name, "namespace": "labs", "status": status}
        for name, status in (("api", "Synced"), ("other", "OutOfSync"))
    ]
    results = [
        {
            "kind": "Deployment",
            "name": "other",
            "namespace": "labs",
            "status": "SyncFailed",
            "message": 'Deployment.apps "other" is invalid: spec.replicas: Invalid value: -1',
        }
    ]
    argo = application(
        app, **{**FAILED, "message": "one or more objects failed to apply", "resources": resources, "results": results}
    )

    assert causes(diagnose(app, argo, *other.objects)) == []


COMPARISONS = [
    (
        "argocd-repo-unreachable",
        "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: authentication required: Repository not found.",
    ),
    (
        "argocd-repo-unreachable",
        'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: Get "https://git.example.dev/acme/gitops.git/info/refs?service=git-upload-pack": dial tcp: lookup git.example.dev on 10.43.0.10:53: no such host',
    ),
    ("argocd-repo-unreachable", "rpc error: code = Unknown desc = unable to resolve 'release-9' to a commit SHA"),
    (
        "argocd-render-error",
        'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = Manifest generation error (cached): failed to execute helm template command: failed to get command args to log: `helm template . --name-template labs-api` failed exit status 1: Error: template: base-service/templates/deployment.yaml:21:20: executing "deployment.yaml" at <.Values.image.tag>: nil pointer evaluating interface {}.tag',
    ),
    (
        "argocd-render-error",
        "rpc error: code = Unknown desc = `kustomize build` failed exit status 1: Error: accumulating resources: open base.yaml: no such file or directory",
    ),
    ("argocd-render-error", "rpc error: code = Unknown desc = services/labs/api: app path does not exist"),
    (
        "argocd-render-error",
        "Manifest generation error (cached): values.yaml: error converting YAML to JSON: yaml: line 14: did not find expected key",
    ),
]


@pytest.mark.parametrize(("cause", "message"), COMPARISONS)
def test_a_comparison_error_names_the_cause(cause: str, message: str):
    app = App()
    argo = application(
        app,
        sync="Unknown",
        conditions=[{"type": "ComparisonError", "message": message, "lastTransitionTime": ago(minutes=30)}],
    )
    found = diagnose(app, argo)

    assert causes(found) == [cause]
    assert "git.example.dev" in said(found) or cause == "argocd-render-error"


def test_an_application_for_a_namespace_that_does_not_exist():
    app = App()
    argo = application(
        app,
        sync="OutOfSync",
        health="Missing",
        synced="",
        phase="Failed",
        message='one or more objects failed to apply, reason: namespaces "labz" not found',
        destination="labz",
    )
    app.workload["metadata"]["name"] = "gone"
    found = diagnose(app, argo, kind="Deployment", name="api")

    assert causes(found) == ["argocd-namespace-missing"]
    assert "labz" in said(found)


def test_a_failed_hook_says_what_its_job_said():
    app, hook = App(), App("db-migrate", kind="Job", restartPolicy="Never")
    hook.pod["status"]["phase"] = "Failed"
    hook.state(ended(hook.spec["containers"][0], 1)).log('ERROR: column "total" already exists')
    hook.workload["status"] = {
        "failed": 1,
        "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}],
    }
    results = [
        {
            "group": "batch",
            "kind": "Job",
            "name": "db-migrate",
            "namespace": "labs",
            "hookType": "PreSync",
            "hookPhase": "Failed",
            "message": "Job has reached the specified backoff limit",
        }
    ]
    found = diagnose(
        app,
        *hook.objects,
        application(
            app,
            **{**FAILED, "message": "one or more synchronization tasks completed unsuccessfully", "results": results},
        ),
    )

    assert causes(found) == ["argocd-hook-failed"]
    assert "db-migrate" in said(found)


def test_the_hooks_log_is_quoted():
    app, hook = App(), App("db-migrate", kind="Job", restartPolicy="Never")
    hook.state(ended(hook.spec["containers"][0], 1)).log('ERROR: column "total" already exists')
    app.logs.update(hook.logs)
    results = [
        {
            "group": "batch",
            "kind": "Job",
            "name": "db-migrate",
            "namespace": "labs",
            "hookType": "PreSync",
            "hookPhase": "Failed",
        }
    ]

    assert "already exists" in said(
        diagnose(
            app,
            *hook.objects,
            application(
                app,
                **{
                    **FAILED,
                    "message": "one or more synchronization tasks completed unsuccessfully",
                    "results": results,
                },
            ),
        )
    )


def test_git_is_ahead_and_nobody_syncs():
    app = App()
    found = diagnose(app, application(app, sync="OutOfSync", automated=None, wanted="bbb2"))

    assert causes(found) == ["argocd-sync-pending-manual"]
    assert "automatic sync" in said(found)


def test_automatic_sync_switched_off_in_version_3():
    app = App()

    assert causes(
        diagnose(app, application(app, sync="OutOfSync", automated={"enabled": False, "prune": True}, wanted="bbb2"))
    ) == ["argocd-sync-pending-manual"]


def test_a_commit_seconds_ago_is_expected():
    app = App()
    found = diagnose(app, application(app, sync="OutOfSync", wanted="bbb2", compared=ago(seconds=20)))

    assert causes(found) == []
    assert notices(found) == ["argocd-expected-out-of-sync"]


def test_drift_without_anybody_to_name_is_suspected():
    app = App()
    found = diagnose(app, application(app, sync="OutOfSync", automated={"prune": True}))

    assert causes(found) == ["argocd-manual-drift"]
    assert found.findings[0].verdict == "suspected"


def test_a_hand_edit_just_now_heals_by_itself():
    app = App()
    app.workload["metadata"]["managedFields"] = [
        {
            "manager": "kubectl-edit",
            "operation": "Update",
            "time": ago(seconds=30),
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        }
    ]

    assert causes(diagnose(app, application(app, sync="OutOfSync"))) == []


def test_a_synced_and_healthy_application_is_nothing():
    app = App()
    found = diagnose(app, application(app))

    assert causes(found) == notices(found) == []
    assert found.sentence.startswith("Healthy")


def test_a_failed_sync_of_an_earlier_revision_that_is_mended_is_nothing():
    app = App()
    argo = application(app, conditions=[])
    argo["status"]["history"].insert(0, {"revision": "old0", "deployedAt": ago(days=9)})

    assert causes(diagnose(app, argo)) == []


def test_the_crash_leads_and_degraded_follows():
    app = App()
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'API_KEY'")
    found = diagnose(app, application(app, health="Degraded"))

    assert causes(found) == ["env-var-missing"]
    assert "argocd-degraded" in [entry.cause for entry in found.findings[0].consequences]
