"""The pure parts: rollout sizes, fitting, health, templates, logs and the registry's answers."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import registry
from sandbox.controllers.argocd.health import health_of, worst
from sandbox.controllers.argocd.policy import seconds, seconds_to_retry
from sandbox.controllers.argocd.template import TemplateError, filled, parameters
from sandbox.controllers.fitting import Placed, Room, best, verdict
from sandbox.controllers.kubelet.logs import SLOT_S, SLOTS_KEPT, Run, lines
from sandbox.controllers.kubelet.status import ContainerState, Standing, pod_status
from sandbox.controllers.patching import merge_patch
from sandbox.controllers.workloads.rollout import (
    Counts,
    Limits,
    limits_of,
    new_set_size,
    old_set_sizes,
    proportional_sizes,
    template_hash,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "limits"),
    [
        ({"replicas": 4}, Limits(1, 1)),
        ({"replicas": 1}, Limits(1, 0)),
        ({"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}, Limits(1, 0)),
        ({"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}}}, Limits(0, 1)),
        ({"replicas": 2, "strategy": {"type": "Recreate"}}, Limits(0, 0)),
    ],
)
def test_surge_rounds_up_and_unavailable_rounds_down(spec: dict[str, Any], limits: Limits) -> None:
    assert limits_of(spec) == limits


def test_a_rolling_update_is_never_below_its_minimum_nor_above_its_maximum() -> None:
    """Every step of many rollouts, pods becoming available one at a time."""
    for replicas, surge, unavailable in itertools.product(range(1, 7), range(3), range(3)):
        if surge == unavailable == 0:
            continue
        limits, new, old, ready = Limits(surge, min(unavailable, replicas)), 0, replicas, 0
        for _ in range(60):
            grown = new_set_size(replicas, limits, new_wanted=new, all_wanted=new + old)
            new = grown
            old = old_set_sizes(replicas, limits, new=Counts(new, new, ready), old=[Counts(old, old, old)])[0]
            assert new + old <= replicas + surge
            assert ready + old >= replicas - limits.unavailable
            ready = min(new, ready + 1)
        assert (new, old) == (replicas, 0)


def test_pods_that_do_not_work_are_replaced_first() -> None:
    sizes = old_set_sizes(3, Limits(1, 1), new=Counts(1, 1, 0), old=[Counts(1, 1, 0), Counts(2, 2, 2)])
    assert sizes == [0, 2]


def test_scaling_in_the_middle_of_a_rollout_keeps_the_shares() -> None:
    assert proportional_sizes(10, [2, 3]) == [4, 6]
    assert proportional_sizes(0, [2, 3]) == [0, 0]


def test_the_template_hash_is_stable_and_spells_no_words() -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "b:1"}]}}
    digest = template_hash(template)
    assert digest == template_hash({**template})
    assert digest != template_hash({**template, "spec": {}})
    assert not set(digest) & set("aeiou013l")


def node(name: str, cpu: str = "1", memory: str = "1Gi") -> dict[str, Any]:
    can = {"cpu": cpu, "memory": memory, "pods": "10"}
    return {"metadata": {"name": name, "labels": {"zone": name}}, "spec": {}, "status": {"allocatable": can}}


def pod(**requests: str) -> dict[str, Any]:
    return {"metadata": {"name": "p", "uid": "p"}, "spec": {"containers": [{"resources": {"requests": requests}}]}}


def test_a_pod_goes_where_most_is_free_and_the_verdict_counts_reasons() -> None:
    rooms = [Room.of(node("a")), Room.of(node("b")), Room.of(node("c", cpu="100m"))]
    rooms[0].put(Placed("a", 900, 100, frozenset()))
    chosen = best(rooms, pod(cpu="200m", memory="64Mi"))
    assert chosen is rooms[1]
    assert verdict(rooms, pod(cpu="2", memory="2Gi")).startswith(
        "0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory. preemption: 0/3"
    )
    picky = {**pod(cpu="10m"), "spec": {"containers": [], "nodeSelector": {"zone": "x"}}}
    assert "3 node(s) didn't match Pod's node affinity/selector" in verdict(rooms, picky)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, "Healthy"),
        ({"observedGeneration": 1, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}, "Progressing"),
        ({"observedGeneration": 0, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, "Progressing"),
        (
            {
                "observedGeneration": 1,
                "replicas": 2,
                "updatedReplicas": 2,
                "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
            },
            "Degraded",
        ),
    ],
)
def test_a_deployments_health_is_that_of_its_rollout(status: dict[str, Any], expected: str) -> None:
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "d", "generation": 1},
        "spec": {"replicas": 2},
        "status": status,
    }
    found = health_of(deployment)
    assert found is not None
    assert found[0] == expected


def test_the_least_healthy_resource_decides() -> None:
    assert worst(["Healthy", "Missing", "Progressing"]) == "Missing"
    assert worst([]) == "Healthy"


def test_both_template_languages_are_filled_from_the_path() -> None:
    values = parameters("platform-gitops/services/payments/ledger_api")
    go = {"name": "{{index .path.segments 2}}-{{.path.basenameNormalized}}", "file": "{{ .path.path }}/values.yaml"}
    assert filled(go, values, go=True) == {
        "name": "payments-ledger-api",
        "file": "platform-gitops/services/payments/ledger_api/values.yaml",
    }
    assert filled("{{path[2]}}/{{path.basename}} at {{path}}", values, go=False).startswith("payments/ledger_api at ")
    with pytest.raises(TemplateError, match="index out of range"):
        filled("{{index .path.segments 9}}", values, go=True)


def test_retries_wait_longer_each_time_until_there_are_no_more() -> None:
    operation = {"retry": {"limit": 3, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "15s"}}}
    assert [seconds_to_retry(operation, retries) for retries in range(4)] == [5.0, 10.0, 15.0, None]
    assert seconds("1m30s") == 90


def test_a_merge_patch_names_what_changed_and_what_vanished() -> None:
    old = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1]}
    assert merge_patch(old, {"a": 1, "b": {"c": 3}, "f": 0}) == {"b": {"c": 3, "d": None}, "e": None, "f": 0}
    assert merge_patch(old, old) == {}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("ghcr.io/acme/cart:0.0.1", "code = NotFound desc = failed to pull and unpack image"),
        ("ghcr.io/acme/Cart:2.4.0", "invalid reference format"),
        ("ghcr.io/acme/nothing:1", "401 Unauthorized"),
        ("nobody/nothing", "pull access denied, repository does not exist or may require authorization"),
        ("registry.invalid/a/b:1", "dial tcp: lookup registry.invalid on 10.96.0.10:53: no such host"),
    ],
)
def test_the_registry_refuses_in_the_runtimes_words(image: str, words: str) -> None:
    with pytest.raises(registry.PullRefused) as refused:
        registry.pull(image)
    assert words in str(refused.value)


def test_a_tag_and_its_digest_are_the_same_image() -> None:
    image = registry.pull("ghcr.io/acme/cart:2.4.0")
    assert registry.pull(image.image_id).program == image.program
    assert registry.tags("cart")[-1] == "2.5.0"


def run_of(image: str, *, age: timedelta) -> Run:
    found = registry.pull(image)
    container = {"name": "a", "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}}}
    return Run({}, container, found, found.program, {}, NOON - age, "containerd://1")


def test_a_log_is_the_same_whenever_it_is_read() -> None:
    run = run_of("ghcr.io/acme/ledger-api:2.8.1", age=timedelta(hours=1))
    whole = list(lines(run, until=NOON))
    half = NOON - timedelta(minutes=30)
    assert whole == sorted(whole, key=lambda line: line[0])
    assert [*lines(run, until=half), *lines(run, since=half, until=NOON)] == whole


def test_the_log_of_a_year_is_as_short_as_its_rotation_keeps_it() -> None:
    run = run_of("ghcr.io/acme/ledger-api:2.8.1", age=timedelta(days=365))
    written = list(lines(run, until=NOON))[3:]
    assert written[0][0] >= NOON - timedelta(seconds=(SLOTS_KEPT + 1) * SLOT_S)


def test_a_kubelet_keeps_the_conditions_that_others_write() -> None:
    """The node controller says why it evicts a pod; the pod's next status from the kubelet must not lose that."""
    evicted = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
    pod = {"spec": {"containers": [{"name": "web"}]}, "status": {"conditions": [evicted]}}
    status = pod_status(
        pod, Standing("10.42.0.2", "127.0.0.1", "2026-11-22T12:00:00Z"), [ContainerState("web", "web:1")], [],
        now="2026-11-22T12:00:01Z",
    )  # fmt: skip
    assert evicted in status["conditions"]
    assert [one["type"] for one in status["conditions"]].count("Ready") == 1
