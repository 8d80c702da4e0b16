"""Dumps as people make them: kinds left out, identities stripped, and targets that are no service."""

import pytest

from diagnosis.rules import Diagnosis, Snapshot, Target, diagnose_snapshot
from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    container,
    crashing,
    diagnose,
    event,
    namespace,
    node,
    nodes,
    obj,
    said,
    secret,
    waiting,
)
from tests.diagnosis.parts import NOW, NS


def broken() -> App:
    app = App()
    return app.state(crashing(app.spec["containers"][0])).log("KeyError: 'API_KEY'")


def alone(target: Target, *objects) -> Diagnosis:
    return diagnose_snapshot(Snapshot(list(objects)), target, NOW)


def test_pods_are_found_without_their_replica_sets():
    app = broken()
    app.replica_sets = []

    assert causes(diagnose(app)) == ["env-var-missing"]


def test_objects_without_uids_belong_together_by_kind_and_name():
    app = broken()
    for one in app.objects:
        del one["metadata"]["uid"]

    assert causes(diagnose(app)) == ["env-var-missing"]


def test_a_workload_without_its_pods_is_told_by_its_own_status():
    app = App(replicas=2)
    app.replica_sets, app.pods = [], []

    assert diagnose(app).sentence.startswith("Healthy: 2 of 2 pods ready")


def test_a_pod_of_another_owner_is_not_taken_for_ours():
    app, job = App(), obj("v1", "Pod", "api-seed-x", status={"phase": "Failed", "conditions": []})
    app.replica_sets = []
    job["metadata"].update(labels=dict(app.labels), ownerReferences=[{"kind": "Job", "name": "api-seed"}])

    assert causes(diagnose(app, job)) == []


def test_a_host_port_that_is_taken_on_every_node():
    app = App(containers=[container(ports=[{"containerPort": 5140, "hostPort": 5140}])])
    app.pending("0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.")
    found = diagnose(app, *nodes())

    assert causes(found) == ["host-port-conflict"]
    assert "5140" in said(found)


def test_a_key_that_the_secret_lacks():
    app = App()
    words = "couldn't find key DB_PASSWORD in Secret labs/api-secrets"
    app.state(waiting(app.spec["containers"][0], "CreateContainerConfigError", words))
    found = diagnose(app, secret("api-secrets", "password"))

    assert causes(found) == ["secret-key-missing"]
    assert "DB_PASSWORD" in said(found)
    assert "It has the keys password" in said(found)


def test_a_command_that_may_not_be_executed_is_named():
    app = App()
    words = 'unable to start container process: exec: "/app/run.sh": permission denied: unknown'
    app.state(crashing(app.spec["containers"][0], 128, "StartError", message=words))

    assert "/app/run.sh may not be executed" in diagnose(app).findings[0].title


def test_a_node_by_itself():
    found = alone(Target("Node", "", "worker-1"), node("worker-1", ready="Unknown"))

    assert causes(found) == ["node-not-ready"]


@pytest.mark.parametrize("where", ["", "old"])
def test_a_namespace_by_itself(where: str):
    space = namespace("old")
    space["metadata"]["deletionTimestamp"] = ago(hours=2)
    space["status"] = {"phase": "Terminating"}

    assert causes(alone(Target("Namespace", where, "old"), space)) == ["namespace-terminating"]


def test_a_postgresql_cluster_by_itself():
    status = {"phase": "Not enough disk space", "readyInstances": 0}
    cluster = obj("postgresql.cnpg.io/v1", "Cluster", "shared", spec={"instances": 2}, status=status)

    assert causes(alone(Target("Cluster", NS, "shared"), cluster)) == ["database-cluster-down"]


def test_an_external_secret_without_its_store():
    status = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": ago(hours=1)}]}
    spec = {"target": {"name": "x"}, "secretStoreRef": {"name": "tenant-store"}}
    external = obj("external-secrets.io/v1", "ExternalSecret", "x", spec=spec, status=status)
    told = event(external, "UpdateFailed", "error processing spec.data[0] (key: teams/labs/x): Secret does not exist")

    assert causes(alone(Target("ExternalSecret", NS, "x"), external, told)) == ["vault-key-missing"]


def test_a_certificate_and_its_challenge_without_the_objects_between():
    waits = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": ago(hours=5)}]}
    certificate = obj("cert-manager.io/v1", "Certificate", "shop", spec={"dnsNames": ["a.example"]}, status=waits)
    status = {"state": "pending", "reason": "failed to perform self check GET request: lookup a.example: no such host"}
    challenge = obj("acme.cert-manager.io/v1", "Challenge", "shop-1", spec={"dnsName": "a.example"}, status=status)

    assert causes(alone(Target("Certificate", NS, "shop"), certificate, challenge)) == ["domain-dns-not-pointed"]
