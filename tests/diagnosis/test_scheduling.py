"""Pods without a node, volumes that do not come, and pods the scheduler took away."""

import pytest

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    container,
    crashing,
    diagnose,
    event,
    node,
    nodes,
    notices,
    obj,
    said,
)

TAIL = " preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
MASTER = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]


def short(message: str) -> str:
    return f"0/3 nodes are available: {message}.{TAIL}"


def test_a_selector_no_node_has():
    app = App(nodeSelector={"disktype": "nvme"}).pending(short("3 node(s) didn't match Pod's node affinity/selector"))
    found = diagnose(app, *nodes())

    assert causes(found) == ["node-selector-mismatch"]
    assert "disktype=nvme" in said(found)


def test_a_selector_beside_the_control_planes_taint():
    app = App(nodeSelector={"disktype": "nvme"}).pending(
        short(
            "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 "
            "node(s) didn't match Pod's node affinity/selector"
        )
    )

    assert causes(diagnose(app, node("cp", taints=MASTER), *nodes(2))) == ["node-selector-mismatch"]
    assert causes(diagnose(app)) == ["node-selector-mismatch"]


def test_the_one_node_that_fits_is_tainted():
    gpu = node("gpu-1", labels={"pool": "gpu"}, taints=[{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}])
    app = App(nodeSelector={"pool": "gpu"}).pending(
        short("1 node(s) had untolerated taint {dedicated: gpu}, 2 node(s) didn't match Pod's node affinity/selector")
    )
    found = diagnose(app, gpu, *nodes(2))

    assert causes(found) == ["untolerated-taint"]
    assert "dedicated=gpu:NoSchedule" in said(found)


def test_required_node_affinity():
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["eu-9"]}]}]
            }
        }
    }
    app = App(affinity=affinity).pending(short("3 node(s) didn't match Pod's node affinity/selector"))
    found = diagnose(app, *nodes())

    assert causes(found) == ["node-selector-mismatch"]
    assert "eu-9" in said(found)


@pytest.mark.parametrize(
    ("cause", "request_", "message", "mention"),
    [
        ("insufficient-cpu", {"cpu": "64"}, "3 Insufficient cpu", "64"),
        ("insufficient-memory", {"memory": "100Gi"}, "3 Insufficient memory", "100Gi"),
        ("insufficient-gpu", {"nvidia.com/gpu": "1"}, "3 Insufficient nvidia.com/gpu", "nvidia.com/gpu"),
    ],
)
def test_a_request_no_node_can_meet(cause: str, request_: dict, message: str, mention: str):
    app = App(containers=[container(resources={"requests": request_})]).pending(short(message))
    found = diagnose(app, *nodes())

    assert causes(found) == [cause]
    assert mention in found.findings[0].title


def test_cpu_on_the_workers_beside_a_tainted_control_plane():
    app = App(containers=[container(resources={"requests": {"cpu": "1900m"}})]).pending(
        short("1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu")
    )

    assert causes(diagnose(app, node("cp", taints=MASTER), *nodes(2))) == ["insufficient-cpu"]


def test_topology_spread():
    spread = [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "api"}},
        }
    ]
    app = App(replicas=3, topologySpreadConstraints=spread).pending(
        short("3 node(s) didn't match pod topology spread constraints"), pods=1
    )
    found = diagnose(app, *nodes())

    assert causes(found) == ["anti-affinity-unsatisfiable"]
    assert "topology" in said(found)


def test_nodes_that_are_not_ready_are_the_cause_not_the_taint():
    taint = [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]
    app = App().pending(short("3 node(s) had untolerated taint {node.kubernetes.io/unreachable: }"))

    assert causes(diagnose(app, *[node(f"w{n}", taints=taint, ready="Unknown") for n in range(3)])) == [
        "node-not-ready"
    ]


def test_disk_pressure_keeps_pods_away():
    taint = [{"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]
    app = App().pending(short("3 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }"))

    assert causes(diagnose(app, *[node(f"w{n}", taints=taint, pressure=("DiskPressure",)) for n in range(3)])) == [
        "node-disk-pressure"
    ]


def test_a_pending_pod_with_a_promised_node_is_no_alarm():
    app = App().pending(short("3 Insufficient cpu"), minutes=1)
    promised = event(app.pod, "TriggeredScaleUp", "pod triggered scale-up: [{workers 3->4 (max: 6)}]", kind="Normal")

    assert "insufficient-cpu" not in causes(diagnose(app, *nodes(), promised))


def test_a_pod_that_found_a_node_in_the_end_is_nothing():
    app = App(made=ago(minutes=30))
    past = event(app.pod, "FailedScheduling", short("3 Insufficient cpu"), minutes=29)

    assert causes(diagnose(app, *nodes(), past)) == []


def claim(name: str = "data", *, storage_class: str | None = "fast", phase: str = "Pending", **spec):
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, **spec}
    if storage_class is not None:
        body["storageClassName"] = storage_class
    return obj("v1", "PersistentVolumeClaim", name, spec=body, status={"phase": phase, "capacity": {"storage": "10Gi"}})


def storage_class(name: str = "local-path", *, default: bool = True):
    return obj(
        "storage.k8s.io/v1",
        "StorageClass",
        name,
        None,
        metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": str(default).lower()}},
        provisioner="rancher.io/local-path",
        volumeBindingMode="WaitForFirstConsumer",
    )


def mounting(name: str = "data", **more) -> App:
    return App(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": name}}], **more)


def test_a_storage_class_that_does_not_exist():
    pvc = claim()
    app = mounting().pending(
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: "
        "0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    told = event(pvc, "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    found = diagnose(app, *nodes(), pvc, storage_class(), told)

    assert causes(found) == ["storage-class-missing"]
    assert "fast" in said(found)


def test_no_storage_class_and_no_default():
    pvc = claim(storage_class=None)
    app = mounting().pending("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")

    assert causes(
        diagnose(
            app,
            *nodes(),
            pvc,
            storage_class(default=False),
            event(
                pvc,
                "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set",
                kind="Normal",
            ),
        )
    ) == ["storage-class-missing"]


def test_a_claim_that_does_not_exist():
    app = mounting().pending(
        '0/3 nodes are available: persistentvolumeclaim "data" not found. preemption: 0/3 nodes '
        "are available: 3 Preemption is not helpful for scheduling."
    )
    found = diagnose(app, *nodes(), storage_class())

    assert causes(found) == ["pvc-missing"]
    assert "data" in said(found)


def test_a_volume_still_held_by_another_node():
    pvc = claim(phase="Bound", volumeName="pvc-1234")
    app = mounting(replicas=2).creating()
    app.pods[1]["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [],
    }
    app.settle()
    told = event(
        app.pod,
        "FailedAttachVolume",
        'Multi-Attach error for volume "pvc-1234" Volume is already used by pod(s) api-5d9c-b1',
    )
    found = diagnose(app, *nodes(), pvc, told)

    assert causes(found) == ["volume-multi-attach"]
    assert "data" in said(found)


def test_a_full_volume_names_its_claim():
    app = App(
        containers=[container(volumeMounts=[{"name": "data", "mountPath": "/var/lib/data"}])],
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    )
    app.state(crashing(app.spec["containers"][0])).log(
        'OSError: [Errno 28] No space left on device: "/var/lib/data/wal"'
    )
    found = diagnose(app, claim(phase="Bound"))

    assert causes(found) == ["volume-full"]
    assert "data" in found.findings[0].title
    assert "10Gi" in found.findings[0].title


def test_a_preempted_pod():
    app = App(priority=0).pending(short("3 Insufficient cpu"))
    gone = event(
        {"kind": "Pod", "metadata": {"name": "api-5d9c-zz", "namespace": "labs"}},
        "Preempted",
        "Preempted by pod 1234-5678 on node worker-1",
    )
    rival = App("trainer", priority=1000000, priorityClassName="high")
    found = diagnose(app, *nodes(), gone, *rival.objects)

    assert causes(found) == ["preempted"]
    assert "trainer" in said(found)


def test_a_preempted_pod_that_was_replaced_is_nothing():
    app = App(priority=0)
    gone = event(
        {"kind": "Pod", "metadata": {"name": "api-5d9c-zz", "namespace": "labs"}},
        "Preempted",
        "Preempted by pod 1234 on node worker-1",
    )

    assert causes(diagnose(app, *nodes(), gone)) == []


def test_a_pod_of_a_node_that_does_not_report():
    app = App(replicas=2)
    app.pods[0]["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    found = diagnose(app.settle(), node("worker-1", ready="Unknown"), node("worker-2"))

    assert causes(found) == ["node-not-ready"]
    assert "worker-1" in said(found)


def test_pods_that_moved_off_a_bad_node_are_well():
    app = App(replicas=2)

    assert causes(diagnose(app, node("worker-1"), node("worker-2"), node("worker-3", ready="False"))) == []


def evicted(app: App, message: str):
    pod = obj(
        "v1",
        "Pod",
        "api-5d9c-old",
        made=ago(minutes=40),
        spec={"nodeName": "worker-2"},
        status={"phase": "Failed", "reason": "Evicted", "message": message},
    )
    pod["metadata"]["ownerReferences"] = (
        app.pod["metadata"]["ownerReferences"] if app.pods else app.replica_sets[0]["metadata"].get("ownerReferences")
    )
    return pod


def test_evicted_for_memory_and_not_back():
    app = App().pending(short("3 Insufficient memory"))
    gone = evicted(
        app,
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
        "80Mi. Container api was using 900Mi, request is 128Mi",
    )
    found = diagnose(app, *nodes(2), node("worker-3", pressure=("MemoryPressure",)), gone)

    assert causes(found)[0] == "node-memory-pressure"


def test_evicted_for_disk_and_not_back():
    app = App().pending(short("3 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }"))
    found = diagnose(
        app, evicted(app, "The node was low on resource: ephemeral-storage. Threshold quantity: 3Gi, available: 1Gi.")
    )

    assert causes(found) == ["node-disk-pressure"]
    assert "ephemeral-storage" in said(found)


def test_leftovers_of_an_eviction_are_a_notice():
    app = App(replicas=2)
    found = diagnose(app, *nodes(), evicted(app, "The node was low on resource: memory."))

    assert causes(found) == []
    assert notices(found) == ["stale-evicted-pods"]
