"""What people type."""

import json

import pytest


def test_describe_shows_a_deployment_with_its_events(api, build, kubectl):
    deployment = api.post("deployments", build.deployment(), group="apps/v1").body
    identity = {"kind": "Deployment", "apiVersion": "apps/v1", "name": "web", "namespace": api.namespace}
    event = {
        "metadata": {"generateName": "web-"},
        "involvedObject": identity | {"uid": deployment["metadata"]["uid"]},
        "type": "Normal",
        "reason": "ScalingReplicaSet",
        "message": "Scaled up replica set web-1 from 0 to 1",
        "count": 1,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2126-01-01T00:00:00Z",
    }
    assert api.post("events", event).status == 201

    told = kubectl("describe", "deploy", "web").stdout

    assert "Pod Template:" in told
    assert "ScalingReplicaSet" in told
    assert "ScalingReplicaSet" in kubectl("events").stdout


def test_diff_shows_what_would_change(build, kubectl):
    kubectl("apply", "-f", "-", stdin=json.dumps(build.deployment(replicas=1)))

    told = kubectl("diff", "-f", "-", stdin=json.dumps(build.deployment(replicas=4)), ok=False)

    assert told.returncode == 1
    assert "+  replicas: 4" in told.stdout


def test_rollout_status_follows_the_status_of_the_deployment(api, build, kubectl):
    api.post("deployments", build.deployment(), group="apps/v1")
    kubectl("rollout", "restart", "deploy/web")
    status = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    api.patch("deployments", "web", {"status": status}, group="apps/v1", below="status")

    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web").stdout


def test_wait_ends_when_the_condition_holds(api, build, kubectl):
    api.post("pods", build.pod())
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    api.patch("pods", "web", {"status": ready}, below="status")

    assert "condition met" in kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=5s").stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["configmap", "made", "--from-literal=a=b"], "configmaps"),
        (["secret", "generic", "made", "--from-literal=a=b"], "secrets"),
        (["serviceaccount", "made"], "serviceaccounts"),
        (["service", "clusterip", "made", "--tcp=80:8080"], "services"),
        (["quota", "made", "--hard=pods=1"], "resourcequotas"),
    ],
)
def test_create_sends_protobuf_that_is_understood(api, kubectl, arguments, kind):
    kubectl("create", *arguments)

    assert api.get(kind, "made").status == 200


def test_a_deployment_sent_as_protobuf_arrives_whole(api, kubectl):
    kubectl("create", "deployment", "made", "--image=ghcr.io/acme/web:1", "--replicas=0", "--port=8080", "--", "serve")

    spec = api.get("deployments", "made", group="apps/v1").body["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert (spec["replicas"], container["command"]) == (0, ["serve"])
    assert container["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]


def test_auth_can_i_answers_for_others(kubectl):
    assert kubectl("auth", "can-i", "create", "pods").stdout.strip() == "yes"
    refused = kubectl("auth", "can-i", "create", "pods", "--as=vera", ok=False)
    assert (refused.returncode, refused.stdout.strip()) == (1, "no")


def test_explain_knows_built_in_and_custom_kinds(kubectl):
    assert "Number of desired pods" in kubectl("explain", "deployment.spec.replicas").stdout
    assert "Where manifests come from" in kubectl("explain", "application.spec.source").stdout


def test_a_refusal_reaches_the_person(kubectl, build):
    refused = kubectl("apply", "-f", "-", stdin=json.dumps(build.deployment(replicaz=1)), ok=False)

    assert 'unknown field "spec.replicaz"' in refused.stderr
