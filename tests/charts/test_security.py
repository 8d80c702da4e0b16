"""Pods meet the Pod Security level "restricted" unless the values ask for something else."""

from typing import Any

import pytest

from integrations import helm
from integrations.helm import render
from tests.processes import ROOT

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")

CHART = ROOT / "deploy" / "gitops" / "helm-charts" / "base-service"
IMAGE = "image: {repository: ghcr.io/acme/echo, tag: 1.0.0}\n"
RESTRICTED_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def pod(values: str, kind: str = "Deployment") -> dict[str, Any]:
    objects = render(CHART, release="labs-echo", namespace="labs", values=[IMAGE + values])
    (found,) = [item for item in objects if item["kind"] == kind]
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def contexts(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the pod and of each of its containers, initial ones first."""
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    return [spec["securityContext"], *(container["securityContext"] for container in containers)]


def test_pods_are_restricted_where_the_values_say_nothing() -> None:
    others = "initContainers: [{name: a, image: b}]\nextraContainers: [{name: c, image: d}]"
    assert contexts(pod(others)) == [RESTRICTED_POD, RESTRICTED, RESTRICTED, RESTRICTED]


def test_the_databases_job_is_restricted_and_needs_no_user_of_the_image() -> None:
    job, container = contexts(pod("dbInitJob: {enabled: true, sql: x}", "Job"))
    assert job == {**RESTRICTED_POD, "runAsUser": 65534}
    assert container == RESTRICTED


@pytest.mark.parametrize(
    ("values", "expected_pod", "expected_container"),
    [
        ("podSecurityContext: {fsGroup: 2000}", {**RESTRICTED_POD, "fsGroup": 2000}, RESTRICTED),
        ("containerSecurityContext: {runAsUser: 7}", RESTRICTED_POD, {**RESTRICTED, "runAsUser": 7}),
        (
            "containerSecurityContext: {capabilities: {add: [CHOWN]}}",
            RESTRICTED_POD,
            {**RESTRICTED, "capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}},
        ),
        (
            "containerSecurityContext: {capabilities: {drop: []}}",
            RESTRICTED_POD,
            {**RESTRICTED, "capabilities": {"drop": []}},
        ),
        (
            "podSecurityContext: {seccompProfile: {type: Unconfined}}",
            {**RESTRICTED_POD, "seccompProfile": {"type": "Unconfined"}},
            RESTRICTED,
        ),
    ],
)
def test_what_the_values_say_wins_key_by_key(
    values: str, expected_pod: dict[str, Any], expected_container: dict[str, Any]
) -> None:
    assert contexts(pod(values)) == [expected_pod, expected_container]


@pytest.mark.parametrize(
    ("values", "expected_pod", "expected_container"),
    [
        ("podSecurityContext: {runAsNonRoot: false}", False, {"runAsNonRoot": False}),
        ("podSecurityContext: {runAsUser: 0}", False, {"runAsNonRoot": False}),
        ("containerSecurityContext: {runAsUser: 0}", True, {"runAsUser": 0, "runAsNonRoot": False}),
        ("containerSecurityContext: {privileged: true}", True, {"privileged": True, "runAsNonRoot": False}),
    ],
)
def test_a_service_that_asks_for_root_gets_what_root_needs(
    values: str, expected_pod: bool, expected_container: dict[str, Any]
) -> None:
    """No dropped capabilities, and no rule that the kubelet would hold against user 0."""
    whole, container = contexts(pod(values))
    assert whole["runAsNonRoot"] is expected_pod
    assert container == expected_container


@pytest.mark.parametrize(
    ("values", "expected_pod", "expected_container"),
    [
        (
            "podSecurityContext: {runAsNonRoot: true, runAsUser: 0}",
            {**RESTRICTED_POD, "runAsUser": 0},
            RESTRICTED,
        ),
        (
            "podSecurityContext: {runAsNonRoot: true}\ncontainerSecurityContext: {runAsUser: 0}",
            RESTRICTED_POD,
            {**RESTRICTED, "runAsUser": 0},
        ),
    ],
)
def test_values_that_forbid_root_are_never_loosened(
    values: str, expected_pod: dict[str, Any], expected_container: dict[str, Any]
) -> None:
    """The kubelet refuses user 0 then, in words that the diagnosis knows."""
    assert contexts(pod(values)) == [expected_pod, expected_container]


def test_one_container_may_be_root_beside_others_that_are_not() -> None:
    spec = pod("initContainers: [{name: own, image: b, securityContext: {runAsUser: 0}}]")
    assert contexts(spec) == [RESTRICTED_POD, {"runAsUser": 0, "runAsNonRoot": False}, RESTRICTED]


def test_a_capability_that_needs_privileges_keeps_the_way_to_them() -> None:
    """The API server refuses SYS_ADMIN beside allowPrivilegeEscalation: false."""
    _, container = contexts(pod("containerSecurityContext: {capabilities: {add: [SYS_ADMIN]}}"))
    assert "allowPrivilegeEscalation" not in container


def test_a_sidecar_does_not_take_over_the_services_own_context() -> None:
    values = "containerSecurityContext: {readOnlyRootFilesystem: true}\nextraContainers: [{name: a, image: b}]"
    assert contexts(pod(values))[1:] == [{**RESTRICTED, "readOnlyRootFilesystem": True}, RESTRICTED]
