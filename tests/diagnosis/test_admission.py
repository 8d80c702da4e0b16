"""What the API server refuses, and quotas that only come near."""

# ruff: noqa: E501 - messages stand as the systems write them

import pytest

from tests.diagnosis.builders import App, ago, causes, diagnose, event, namespace, notices, obj, said
from tests.sandbox.kubeapi.answers import rows_of


def quota(used: dict, hard: dict, name: str = "labs-quota"):
    return obj("v1", "ResourceQuota", name, spec={"hard": hard}, status={"hard": hard, "used": used})


REFUSALS = [
    (
        "quota-exceeded",
        'pods "api-5d9c-x" is forbidden: exceeded quota: labs-quota, requested: limits.memory=512Mi, used: limits.memory=3840Mi, limited: limits.memory=4Gi',
        "3840Mi",
    ),
    (
        "quota-requires-limits",
        'pods "api-5d9c-x" is forbidden: failed quota: labs-quota: must specify limits.cpu for: api; limits.memory for: api',
        "limits.cpu",
    ),
    (
        "limitrange-violation",
        'pods "api-5d9c-x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
        "1Gi",
    ),
    (
        "limitrange-violation",
        'pods "api-5d9c-x" is forbidden: minimum cpu usage per Container is 100m, but request is 10m',
        "100m",
    ),
    (
        "limitrange-violation",
        'pods "api-5d9c-x" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
        "1Gi",
    ),
    (
        "limitrange-violation",
        'pods "x" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 20.000000',
        "20",
    ),
    (
        "pod-security-violation",
        'pods "api-5d9c-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "api" must set securityContext.allowPrivilegeEscalation=false)',
        "restricted",
    ),
    (
        "pod-security-violation",
        'admission webhook "validate.kyverno.svc-fail" denied the request: policy Pod/labs/api for resource violation: disallow-latest-tag',
        "kyverno",
    ),
    (
        "pod-security-violation",
        "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'no-host-path' with binding 'no-host-path' denied request: hostPath volumes are not allowed",
        "hostPath",
    ),
    (
        "admission-webhook-unavailable",
        'Internal error occurred: failed calling webhook "inject.mesh.example": failed to call webhook: Post "https://mesh-injector.mesh.svc:443/inject?timeout=10s": no endpoints available for service "mesh-injector"',
        "inject.mesh.example",
    ),
    (
        "admission-webhook-unavailable",
        'Internal error occurred: failed calling webhook "vpod.kb.io": failed to call webhook: Post "https://x.y.svc:443/": context deadline exceeded',
        "vpod.kb.io",
    ),
    (
        "service-account-missing",
        'pods "api-5d9c-" is forbidden: error looking up service account labs/api-sa: serviceaccount "api-sa" not found',
        "api-sa",
    ),
]


@pytest.mark.parametrize(("cause", "message", "mention"), REFUSALS)
def test_the_refusal_names_the_cause(cause: str, message: str, mention: str):
    found = diagnose(App().no_pods(message))

    assert causes(found) == [cause]
    assert mention in said(found)


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_kinds_without_a_condition_are_told_by_their_event(kind: str):
    app = App(kind=kind).no_pods(
        'pods "api-0" is forbidden: exceeded quota: labs-quota, requested: pods=1, used: pods=10, limited: pods=10'
    )

    found = diagnose(app)

    assert causes(found) == ["quota-exceeded"]
    assert "pods 10 of 10" in found.findings[0].title


def test_a_refusal_that_has_passed_is_nothing():
    app = App(replicas=2)
    past = event(
        app.replica_sets[0],
        "FailedCreate",
        'Error creating: pods "x" is forbidden: exceeded quota: labs-quota, requested: pods=1, used: pods=10, limited: pods=10',
        minutes=40,
    )

    assert causes(diagnose(app, past)) == []


def test_a_quota_at_85_percent_is_a_notice():
    found = diagnose(App(), quota({"limits.memory": "3481Mi", "pods": "3"}, {"limits.memory": "4Gi", "pods": "10"}))

    assert causes(found) == []
    assert notices(found) == ["quota-nearly-full"]
    assert "limits.memory" in said(found)


def test_a_quota_with_room_is_nothing():
    assert notices(diagnose(App(), quota({"pods": "3"}, {"pods": "10"}))) == []


def test_an_unknown_refusal_is_a_symptom():
    assert causes(diagnose(App().no_pods('pods "x" is forbidden: no PriorityClass with name vip was found'))) == [
        "replica-create-failed"
    ]


def test_a_namespace_that_hangs_in_deletion():
    space = namespace("labs")
    space["metadata"]["deletionTimestamp"] = ago(minutes=40)
    space["status"] = {
        "phase": "Terminating",
        "conditions": [
            {
                "type": "NamespaceFinalizersRemaining",
                "status": "True",
                "reason": "SomeFinalizersRemain",
                "message": "Some content in the namespace has finalizers remaining: databases.example.dev/protect in 1 resource instances",
            }
        ],
    }
    app = App().no_pods(
        'pods "x" is forbidden: unable to create new content in namespace labs because it is being terminated'
    )
    found = diagnose(app, space)

    assert causes(found) == ["namespace-terminating"]
    assert "databases.example.dev/protect" in said(found)


@pytest.mark.parametrize(
    "refusal",
    [
        row["answer"]["message"]
        for row in rows_of("pod_security")
        if "violates PodSecurity" in row["answer"].get("message", "")
    ],
)
def test_every_refusal_of_pod_security_that_a_real_server_gave_is_known(refusal):
    assert causes(diagnose(App().no_pods(refusal))) == ["pod-security-violation"]
