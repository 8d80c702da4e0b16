"""Rollouts, kinds of workloads, ranking and the shape of the answer."""

import copy
import json

from core.resource_names import LONGEST_LABEL, workload_name
from diagnosis.choices import CAUSES, CauseClass
from diagnosis.rules import Source
from tests.diagnosis.builders import (
    App,
    ago,
    application,
    causes,
    container,
    crashing,
    diagnose,
    endpoints,
    event,
    http_probe,
    ingress,
    ingress_class,
    nodes,
    notices,
    obj,
    owned,
    running,
    said,
    waiting,
)


def half_rolled_out(status_of_new) -> App:
    """Two pods of the old version serve; one of the new one does not come up."""
    app = App(replicas=2)
    new = app._replica_set("7f7f", "2", 1)
    new["metadata"]["creationTimestamp"] = ago(minutes=15)
    pod = copy.deepcopy(app.pods[0])
    pod["metadata"].update(
        name="api-7f7f-n0", uid="new-pod", ownerReferences=owned(new), creationTimestamp=ago(minutes=15)
    )
    app.replica_sets.insert(0, new)
    app.pods.append(pod)
    pod["status"]["containerStatuses"] = [status_of_new(app.spec["containers"][0])]
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}]
    return app.settle()


def test_the_new_version_fails_while_the_old_one_serves():
    app = half_rolled_out(lambda spec: waiting(spec, "ImagePullBackOff", "ghcr.io/acme/api:1.4.0: not found"))
    found = diagnose(app)

    assert causes(found) == ["image-tag-not-found"]
    assert "still serves with 2 ready pods" in found.findings[0].detail


def test_a_crash_of_the_new_version_is_no_outage_while_the_old_one_serves():
    app = half_rolled_out(lambda spec: crashing(spec))
    detail = diagnose(app).findings[0].detail

    assert "the new version cannot start" in detail
    assert "still serves with 2 ready pods" in detail
    assert "cannot stay up" not in detail


def test_a_crash_of_the_only_version_is_an_outage():
    app = App()
    app.state(crashing(app.spec["containers"][0]))

    assert "the service cannot stay up" in diagnose(app).findings[0].detail


def test_two_independent_causes_stand_side_by_side():
    app = App()
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))
    found = diagnose(app, app.service(), ingress("api", "api", class_name="nope"), ingress_class())

    assert causes(found) == ["oom-killed", "ingress-class-missing"]


def test_missing_requests_are_a_cause_of_their_own_beside_a_crash():
    app = App()
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'A_KEY'")
    condition = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "message": "missing request for cpu in container api",
        "lastTransitionTime": ago(minutes=50),
    }
    hpa = obj(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "api",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}},
        status={"conditions": [condition]},
    )

    assert causes(diagnose(app, hpa)) == ["env-var-missing", "hpa-metrics-unavailable"]


def test_a_stateful_set_is_read_through_its_owner_references():
    app = App("db", kind="StatefulSet")
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))

    assert causes(diagnose(app)) == ["oom-killed"]


def test_a_service_is_found_by_the_platforms_own_name():
    app = App("labs-api-base-service", labels={"app.kubernetes.io/instance": "labs-api"})
    app.workload["metadata"]["labels"] = {"app.kubernetes.io/instance": "labs-api"}
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'API_KEY'")
    found = diagnose(app, name="api")

    assert causes(found) == ["env-var-missing"]
    assert found.findings[0].remedies[0].params["component_name"] == "api"


def test_a_service_with_a_long_name_is_found_by_the_name_that_the_chart_has_cut():
    name = "s" * 46
    app = App(workload_name("labs", name))
    assert len(app.name) == LONGEST_LABEL
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'API_KEY'")

    assert causes(diagnose(app, name=name)) == ["env-var-missing"]


def test_an_ingress_leads_to_its_workload():
    app = App()
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))

    assert causes(
        diagnose(app, app.service(), ingress("front", "api"), ingress_class(), kind="Ingress", name="front")
    ) == ["oom-killed"]


def test_a_pod_can_be_asked_about():
    app = App()
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))

    assert causes(diagnose(app, kind="Pod", name=app.pod_name)) == ["oom-killed"]
    assert diagnose(App(), kind="Pod", name=App().pod_name).healthy


def test_scaled_to_zero_is_a_notice_and_healthy():
    app = App(replicas=0)
    service = app.service()
    found = diagnose(app, service, endpoints(service), application(app))

    assert causes(found) == []
    assert notices(found) == ["scaled-to-zero"]
    assert found.healthy


def test_what_does_not_exist_is_said():
    found = diagnose(App(), name="nothing")

    assert not found.healthy
    assert found.sentence == "There is no Deployment nothing in labs. The namespace has api."


def test_an_image_that_takes_long_to_pull_is_a_rollout():
    app = App(made=ago(minutes=7)).creating(minutes=7)
    pulling = event(app.pod, "Pulling", 'Pulling image "ghcr.io/acme/api:1.4.0"', kind="Normal", minutes=7)

    assert causes(diagnose(app, pulling)) == []


def test_a_pod_that_never_starts_is_a_symptom_with_the_last_warning():
    app = App(made=ago(minutes=20)).creating()
    sandbox = event(
        app.pod,
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: plugin type="calico" failed (add): no IPs available',
    )
    found = diagnose(app, sandbox)

    assert causes(found) == ["pods-pending"]
    assert "no IPs available" in said(found)


def test_replicas_that_an_autoscaler_sets_are_no_drift():
    app = App()
    hpa = obj(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "api",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}},
    )

    assert causes(diagnose(app, hpa, application(app, sync="OutOfSync", automated={"prune": True}))) == []


def test_an_init_container_that_waits_for_a_service_that_is_down():
    app = App(
        initContainers=[
            container(
                "wait",
                "busybox:1",
                ports=[],
                command=["sh", "-c", "until nc -z cache 6379; do echo waiting; sleep 2; done"],
            )
        ]
    )
    app.state(running(app.spec["initContainers"][0], ago(minutes=20), ready=False), name="wait").log(
        "waiting\n" * 30, name="wait"
    )
    cache = App("cache", replicas=0)
    service = cache.service(port=6379, target=6379)

    assert causes(diagnose(app, *cache.objects, service, endpoints(service))) == ["dependency-down"]
    assert causes(diagnose(app)) == ["hostname-unresolvable"]


def test_errors_in_the_log_of_a_ready_program_are_no_alarm():
    app = App()
    app.log("\n".join(f"2026-08-20T09:2{n}:00Z ERROR could not render invoice {n}" for n in range(5)))
    found = diagnose(app)

    assert causes(found) == []
    assert notices(found) == ["app-log-errors"]


def test_an_answer_is_json_with_the_agreed_keys():
    app = App()
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))
    answer = json.loads(json.dumps(diagnose(app, sources=[Source("dump")]).as_dict()))

    assert set(answer) == {"target", "healthy", "sentence", "findings", "checked", "sources", "observed_at"}
    finding = answer["findings"][0]
    assert set(finding) == {
        "cause",
        "severity",
        "verdict",
        "title",
        "detail",
        "evidence",
        "remedies",
        "guide",
        "consequences",
    }
    assert set(finding["evidence"][0]) == {"source", "fact", "object", "field", "value", "time", "untrusted"}
    assert all(entry["severity"] == "notice" for entry in finding["consequences"])


def test_the_walk_rules_out_with_a_reason():
    app = App()
    app.state(crashing(app.spec["containers"][0], 137, "OOMKilled"))
    rows = {entry.title: entry for entry in diagnose(app, *nodes()).checked}

    assert rows["Killed for memory (OOMKilled)"].verdict == "confirmed"
    assert rows["Quota or admission refuses the pods"].verdict == "ruled_out"
    assert "1 of 1" in rows["Quota or admission refuses the pods"].reason


def test_what_could_not_be_read_is_never_ruled_out():
    app = App()
    app.state(crashing(app.spec["containers"][0], 1)).log("KeyError: 'A_KEY'")
    unread = [Source("pods", kinds=("Pod",)), Source("events", ok=False, error="forbidden", kinds=("Event",))]
    rows = {entry.title: entry for entry in diagnose(app, sources=unread).checked}

    assert rows["Quota or admission refuses the pods"].verdict == "could_not_tell"


WITHOUT_PODS = [Source("pods", ok=False, error="forbidden", kinds=("Pod",))]


def test_without_pods_a_rollout_that_halts_is_not_called_normal():
    app = App(replicas=2)
    app.workload["status"] |= {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2}
    progressing = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
    app.workload["status"]["conditions"] = [progressing]
    app.pods = []
    found = diagnose(app, sources=WITHOUT_PODS)

    assert not found.healthy
    assert "rollout-in-progress" not in notices(found)
    assert found.sentence == (
        "How api is cannot be told, since its pods could not be read: 2 of 2 pods ready by the Deployment's own count."
    )


def test_without_pods_a_workload_whose_counts_are_complete_is_well():
    app = App(replicas=2)
    app.workload["status"] |= {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
    app.pods = []
    found = diagnose(app, sources=WITHOUT_PODS)

    assert found.healthy
    assert found.sentence == "Healthy: 2 of 2 pods ready by the Deployment's own count."


def test_a_secret_that_could_not_be_looked_for_is_not_called_missing():
    app = App()
    front = ingress("api", "api", tls=[{"hosts": ["a"], "secretName": "api-tls"}])
    sources = [Source("pods", kinds=("Pod", "Service", "Ingress", "IngressClass", "Certificate"))]

    assert causes(diagnose(app, app.service(), front, ingress_class(), sources=sources)) == []


def test_every_id_of_the_vocabulary_is_known():
    assert sum(1 for cause in CAUSES.values() if cause.cause_class is CauseClass.ROOT) == 85
    assert sum(1 for cause in CAUSES.values() if cause.cause_class is CauseClass.NOTICE) == 10
    assert sum(1 for cause in CAUSES.values() if cause.cause_class is CauseClass.SYMPTOM) == 22


def test_hostile_log_lines_are_bounded_and_escaped():
    app = App(containers=[container(readinessProbe=http_probe())])
    app.state(crashing(app.spec["containers"][0])).log(
        "\x1b[31mFATAL <script>alert(1)</script> password=hunter2secret " + "x" * 5000
    )
    text = said(diagnose(app))

    assert "\x1b" not in text
    assert "\\x1b" in text
    assert "hunter2secret" not in text
    assert len(text) < 2500
