"""Situations told apart by small facts: the same words with another cause, and alarms that are none."""

# ruff: noqa: E501 - messages and log lines stand as the programs write them

import pytest

from diagnosis.rules.facts.objects import stamp, when
from tests.diagnosis.builders import (
    App,
    ago,
    application,
    causes,
    container,
    crashing,
    diagnose,
    ended,
    endpoints,
    event,
    http_probe,
    ingress,
    ingress_class,
    namespace,
    node,
    nodes,
    notices,
    obj,
    owned,
    policy,
    running,
    said,
    terminated,
    waiting,
)

HAND = {"f:spec": {"f:replicas": {}}}


def configured(**variables: str) -> list[dict]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def crash(log: str, name: str = "api", **spec) -> App:
    app = App(name, containers=[container(name, **spec)])
    return app.state(crashing(app.spec["containers"][0])).log(log)


# ---- causes


@pytest.mark.parametrize(
    ("log", "variable"),
    [
        ('ZodError: [\n  {\n    "code": "invalid_type",\n    "path": [\n      "SESSION_SECRET"\n    ],\n    "message": "Required"\n  }\n]\n    at /app/env.js:14', "SESSION_SECRET"),
        ("Caused by: java.lang.IllegalArgumentException: Could not resolve placeholder 'STRIPE_API_KEY' in value \"${STRIPE_API_KEY}\"\n\tat org.springframework.util.X", "STRIPE_API_KEY"),
        ("Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the", "POSTGRES_PASSWORD"),
    ],
    ids=["zod", "spring", "postgres"],
)  # fmt: skip
def test_a_report_of_several_lines_names_the_variable(log: str, variable: str):
    found = diagnose(crash(log))

    assert causes(found) == ["env-var-missing"]
    assert variable in said(found)


def test_an_old_client_library_names_host_and_port_on_its_next_lines():
    """The policy admits others to the database, so it is the policy that times the connection out."""
    database = App("pg", containers=[container("pg", ports=[{"containerPort": 5432}])])
    service = database.service(port=5432, target=5432)
    admin = policy("pg-only-admin", {"matchLabels": {"app": "pg"}}, ingress=[{"from": [{"podSelector": {"matchLabels": {"role": "admin"}}}]}])  # fmt: skip
    log = 'could not connect to server: Connection timed out\n\tIs the server running on host "pg.labs.svc" (10.43.0.7) and accepting\n\tTCP/IP connections on port 5432?'

    found = diagnose(crash(log), *database.objects, service, endpoints(service, database.pod), admin)

    assert causes(found) == ["network-policy-blocks-traffic"]
    assert "pg-only-admin" in said(found)


def database_object(message: str) -> list[dict]:
    cluster = obj("postgresql.cnpg.io/v1", "Cluster", "pg-main", "databases", spec={"instances": 1},
                  status={"readyInstances": 1, "conditions": [{"type": "Ready", "status": "True"}]})  # fmt: skip
    service = obj("v1", "Service", "pg-main-rw", "databases", spec={"selector": {"cnpg.io/cluster": "pg-main"}, "ports": [{"port": 5432}]})  # fmt: skip
    spec = {"name": "crm", "owner": "crm", "cluster": {"name": "pg-main"}}
    made = obj("postgresql.cnpg.io/v1", "Database", "leads-db", "databases", spec=spec, status={"applied": False, "message": message})  # fmt: skip
    return [cluster, service, endpoints(service, App().pod), made]


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ("database-role-missing", 'while creating database "crm": ERROR: role "crm" does not exist (SQLSTATE 42704)'),
        ("database-name-conflict", 'reconciliation error: database "crm" is already managed by object "crm"'),
    ],
)
def test_the_database_is_found_by_configured_host_and_name_whatever_its_object_is_called(cause: str, message: str):
    app = crash(
        "fatal: cannot open session", "leads", env=configured(DB_HOST="pg-main-rw.databases.svc", DB_NAME="crm")
    )

    assert causes(diagnose(app, *database_object(message))) == [cause]


def test_a_database_of_the_same_name_on_a_server_the_service_does_not_use_is_not_its_own():
    app = crash("fatal: cannot open session", "leads", env=configured(DB_HOST="other.example.com", DB_NAME="crm"))

    assert causes(diagnose(app, *database_object('role "crm" does not exist'))) == ["app-exception"]


def test_scaling_by_hand_is_drift_and_the_hand_is_named():
    app = App()
    app.workload["metadata"]["managedFields"] = [
        {"manager": "kubectl", "operation": "Update", "subresource": "scale", "time": ago(hours=3), "fieldsV1": HAND},
        {"manager": "kubectl", "operation": "Update", "subresource": "status", "time": ago(hours=1), "fieldsV1": {}},
    ]

    found = diagnose(app, application(app, sync="OutOfSync", automated={"prune": True}))

    assert causes(found) == ["argocd-manual-drift"]
    assert f"kubectl at {stamp(when(ago(hours=3)))}" in said(found)


def test_automation_that_is_there_but_disabled_leaves_changes_to_a_person():
    app = App()

    found = diagnose(app, application(app, sync="OutOfSync", wanted="bbb2", automated={"enabled": False}))

    assert causes(found) == ["argocd-sync-pending-manual"]


def test_a_sync_that_retries_a_refused_manifest_is_no_expected_delay():
    app = App()
    message = 'one or more objects failed to apply, reason: Deployment.apps "api" is invalid: spec.replicas: Invalid value: -1. Retrying attempt #3 at 9:28AM.'

    found = diagnose(app, application(app, sync="OutOfSync", wanted="bbb2", phase="Running", started=ago(minutes=4), message=message))  # fmt: skip

    assert causes(found) == ["argocd-manifest-invalid"]


def test_a_failed_check_after_the_sync_counts_although_all_is_in_sync():
    app = App()
    hook = {
        "kind": "Job",
        "name": "smoke",
        "namespace": "labs",
        "hookPhase": "Failed",
        "hookType": "PostSync",
        "message": "Job has reached the specified backoff limit",
    }

    found = diagnose(app, application(app, phase="Failed", message="one or more synchronization tasks completed unsuccessfully", results=[hook]))  # fmt: skip

    assert causes(found) == ["argocd-hook-failed"]
    assert "smoke" in said(found)


def test_a_store_that_cannot_log_in_is_not_a_path_that_is_denied():
    """Vault says 403 in both cases; it is the store's own login here."""
    app = App(containers=[container(envFrom=[{"secretRef": {"name": "api-env"}}])])
    app.state(waiting(app.spec["containers"][0], "CreateContainerConfigError", 'secret "api-env" not found'))
    store = obj("external-secrets.io/v1", "SecretStore", "vault", status={"conditions": [{"type": "Ready", "status": "False", "reason": "InvalidProviderConfig", "message": "unable to log in with Kubernetes auth: Error making API request. Code: 403. Errors: * permission denied"}]})  # fmt: skip
    external = obj("external-secrets.io/v1", "ExternalSecret", "api-env", spec={"secretStoreRef": {"name": "vault", "kind": "SecretStore"}, "target": {"name": "api-env"}}, status={"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "could not get secret data from provider", "lastTransitionTime": ago(minutes=25)}]})  # fmt: skip

    assert causes(diagnose(app, store, external)) == ["secret-store-not-ready"]


def test_an_ingress_controller_known_by_its_app_label_is_kept_out_by_a_policy():
    app = App()
    service = app.service()
    gateway = App("istio-ingressgateway", namespace="istio-system")

    found = diagnose(app, service, endpoints(service, app.pod), ingress("api", "api"), ingress_class(),
                     namespace("istio-system"), *gateway.objects, policy("deny-all", {}))  # fmt: skip

    assert causes(found) == ["network-policy-blocks-traffic"]
    assert "deny-all" in said(found)


def test_a_dead_node_explains_why_its_replacement_finds_no_other():
    app = App(nodeSelector={"disk": "ssd"})
    app.pending("0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) didn't match Pod's node affinity/selector.")  # fmt: skip
    dead = node("worker-1", labels={"disk": "ssd"}, ready="Unknown", taints=[{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}])  # fmt: skip

    found = diagnose(app, dead, node("worker-2"))

    assert causes(found)[0] == "node-not-ready"
    assert "untolerated-taint" not in causes(found)


def test_no_cause_is_invented_for_a_task_that_ends_well_again_and_again():
    app = App()
    app.state(crashing(app.spec["containers"][0], 0, "Completed")).log("done, 12 rows")

    assert causes(diagnose(app)) == ["crash-loop"]


@pytest.mark.parametrize(
    "line",
    [
        "SENTRY_DSN is not set, error reporting disabled",
        "WARN SENTRY_DSN is not set",
        "config file /etc/app/override.yaml not found, using defaults",
    ],
)
def test_a_setting_the_program_gets_over_is_not_what_it_died_of(line: str):
    found = diagnose(crash(f"{line}\npanic: interface conversion: interface {{}} is nil, not string"))

    assert causes(found) == ["app-exception"]
    assert "interface conversion" in said(found)


def test_a_missing_setting_that_is_only_warned_of_counts_when_nothing_else_fails():
    assert causes(diagnose(crash("WARN SENTRY_DSN is not set\nshutting down"))) == ["env-var-missing"]


# ---- several causes


def test_a_crash_and_an_image_of_the_same_pod_are_both_told():
    app = App(containers=[container(), container("side", "ghcr.io/acme/side:typo")])
    first, side = app.spec["containers"]
    app.state(crashing(first)).log("fatal: required environment variable SHOP_DSN is not set")
    app.state(waiting(side, "ImagePullBackOff", 'Back-off pulling image "ghcr.io/acme/side:typo"'), name="side")
    pulled = event(app.pod, "Failed", 'Failed to pull image "ghcr.io/acme/side:typo": ghcr.io/acme/side:typo: not found', container="side")  # fmt: skip

    assert sorted(causes(diagnose(app, pulled))) == ["env-var-missing", "image-tag-not-found"]


def test_what_a_dependency_out_of_memory_does_to_its_caller_is_not_the_callers_cause():
    cache = App("redis", containers=[container("redis", ports=[{"containerPort": 6379}])])
    cache.state(crashing(cache.spec["containers"][0], 137, "OOMKilled"))
    service = cache.service(port=6379, target=6379)
    app = crash("redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.", env=configured(REDIS_HOST="redis"))  # fmt: skip

    found = diagnose(app, *cache.objects, service, endpoints(service, cache.pod, ready=False))

    assert causes(found) == ["dependency-down"]
    assert "redis" in said(found)


# ---- no alarm


def test_a_failed_sync_that_git_has_overtaken_is_history():
    app = App()
    overtaken = application(app, wanted="ccc3", phase="Failed", message='Deployment.apps "api" is invalid: x')
    overtaken["status"]["operationState"]["syncResult"]["revision"] = "bbb2"

    assert diagnose(app, overtaken).healthy


def test_events_of_a_version_that_was_rolled_back_concern_nobody():
    app = App()
    gone = obj("v1", "Pod", "api-7bad-x1")
    refused = event(gone, "Failed", 'Failed to pull image "ghcr.io/acme/api:typo": not found', minutes=3)

    assert diagnose(app, refused, event(gone, "BackOff", "Back-off pulling image", minutes=3)).healthy


@pytest.mark.parametrize("minutes", [8, 35])
def test_a_warning_that_has_resolved_is_over(minutes: int):
    app = App()
    unscheduled = event(
        app.pod, "FailedScheduling", "0/2 nodes are available: 2 Insufficient cpu.", minutes=minutes, count=2
    )
    refused = event(app.replica_sets[0], "FailedCreate", 'Error creating: pods "api-1" is forbidden: exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10', minutes=minutes)  # fmt: skip

    assert diagnose(app, *nodes(), unscheduled, refused).healthy


def test_a_neighbours_refused_pods_leave_a_full_quota_a_notice():
    app, other = App(), App("batch")
    other.no_pods('pods "batch-1" is forbidden: exceeded quota: plan, requested: pods=1, used: pods=4, limited: pods=4')
    quota = obj("v1", "ResourceQuota", "plan", spec={"hard": {"pods": "4"}}, status={"hard": {"pods": "4"}, "used": {"pods": "4"}})  # fmt: skip

    found = diagnose(app, *other.objects, quota)

    assert (causes(found), notices(found)) == ([], ["quota-nearly-full"])


def test_a_canary_of_the_same_host_and_two_controllers_are_no_conflict():
    app = App()
    service = app.service()
    canary = ingress("canary", "api", annotations={"nginx.ingress.kubernetes.io/canary": "true"})
    inside = ingress("inside", "api", class_name="internal")

    found = diagnose(app, service, endpoints(service, app.pod), ingress("api", "api"), canary, inside,
                     ingress_class(), ingress_class("internal", default=False))  # fmt: skip

    assert found.healthy


def test_an_undeclared_metrics_port_is_no_mismatch():
    """containerPort only informs: the program may listen on more."""
    app = App()
    service = app.service()
    service["spec"]["ports"].append({"name": "metrics", "port": 9090, "targetPort": 9090})
    app.log("listening on :8080\nmetrics listening on :9090")

    assert diagnose(app, service, endpoints(service, app.pod)).healthy


def test_an_autoscaler_of_a_stopped_service_has_nothing_to_measure():
    app = App(replicas=0)
    scaler = obj("autoscaling/v2", "HorizontalPodAutoscaler", "api", spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}}, status={"conditions": [{"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled", "message": "scaling is disabled since the replica count of the target is zero"}]})  # fmt: skip

    found = diagnose(app, scaler)

    assert (causes(found), notices(found)) == ([], ["scaled-to-zero"])


def test_a_suspended_schedule_is_not_blamed_for_its_last_run():
    schedule = App("report", kind="CronJob", replicas=0, restartPolicy="Never")
    schedule.workload["spec"] = {"suspend": True, "jobTemplate": {"spec": {"template": {"spec": schedule.spec}}}}
    job = App("report-1", kind="Job", containers=schedule.spec["containers"], restartPolicy="Never")
    job.workload["metadata"]["ownerReferences"] = owned(schedule.workload)
    job.workload["status"] = {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]}
    job.state(ended(job.spec["containers"][0], 1, restarts=0, minutes=9 * 24 * 60))

    found = diagnose(schedule, *job.objects)

    assert (causes(found), notices(found)) == ([], ["cronjob-suspended"])


def test_a_first_failed_attempt_of_a_job_that_succeeded_is_past():
    job = App("seed", kind="Job", replicas=2, restartPolicy="Never")
    spec = job.spec["containers"][0]
    job.state(ended(spec, 0, "Completed", restarts=0)).state(ended(spec, 1, restarts=0), pods=1)
    job.log("Error: connect ECONNREFUSED 10.0.0.4:5432")
    job.workload["status"] = {"succeeded": 1, "failed": 1, "conditions": [{"type": "Complete", "status": "True"}]}

    assert diagnose(job).healthy


@pytest.mark.parametrize("exit_", [("Error", 1), ("OOMKilled", 137)])
def test_a_restart_days_ago_is_a_notice(exit_: tuple[str, int]):
    app = App(made=ago(days=30))
    last = terminated(exit_[1], exit_[0], minutes=9 * 24 * 60)
    app.state(running(app.spec["containers"][0], ago(days=9), restarts=3, last=last), ready=True)

    found = diagnose(app)

    assert (causes(found), notices(found)) == ([], ["past-restarts"])


def test_a_start_that_takes_as_long_as_its_probe_allows_is_a_rollout():
    slow = container(startupProbe=http_probe(failureThreshold=30), readinessProbe=http_probe())
    app = App(containers=[slow], made=ago(seconds=110))
    app.state(running(slow, ago(seconds=100), ready=False))

    found = diagnose(app)

    assert (causes(found), notices(found)) == ([], ["rollout-in-progress"])


def test_optional_references_that_do_not_exist_are_fine():
    app = App(containers=[container(envFrom=[{"secretRef": {"name": "maybe", "optional": True}}])],
              volumes=[{"name": "extra", "configMap": {"name": "extra", "optional": True}}])  # fmt: skip

    assert diagnose(app).healthy
