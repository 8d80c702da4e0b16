"""What is committed is what Helm renders: a change that would have no effect is refused before the commit."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from core.actor import Actor
from core.errors import Invalid, Problem
from core.parse import parse_parameters
from integrations.errors import NotEditable
from integrations.gitops import Gitops, gitops
from integrations.helm import render
from operations import actions
from services.runners.chart_refusals import parameter_of
from services.runners.effects import refuse_without_effect
from services.runners.parameters import DeployServiceParameters, RollbackServiceParameters, ScaleServiceParameters
from tests import builders
from tests.processes import ROOT

pytestmark = pytest.mark.django_db
PATH = "platform-gitops/services/payments/checkout-web/values.yaml"
IMAGE = 'image:\n  repository: ghcr.io/acme/shop\n  tag: "1.0.0"\n'
Outsider = Callable[[str, str], str]


@pytest.fixture(autouse=True)
def world(repository: Gitops) -> None:
    builders.the_cast()


def plan(dev: Actor, text: str, outsider: Outsider, **changes: Any) -> dict[str, Any]:
    outsider(PATH, text)
    asked = {"team_name": "payments", "component_name": "checkout-web", "action": "update-config", **changes}
    return actions.plan(dev, "deploy-service", asked)


def test_a_tag_that_a_later_merge_overrides_is_not_changed_in_vain(dev: Actor, outsider: Outsider) -> None:
    text = 'base: &b {repository: ghcr.io/acme/shop, tag: "1.0.0"}\nimage:\n  tag: "2.0.0"\n  <<: *b\n'
    with pytest.raises(
        NotEditable, match=r"line 3: image\.tag cannot be changed safely.*nothing would change"
    ) as refusal:
        plan(dev, text, outsider, action="deploy", image_tag="9.9.9")
    assert (refusal.value.status, refusal.value.facts["path"], refusal.value.facts["line"]) == (409, PATH, 3)


def test_a_chart_that_reads_another_key_is_noticed(dev: Actor, outsider: Outsider) -> None:
    helpers = "platform-gitops/helm-charts/base-service/templates/_helpers.tpl"
    chart = gitops().file_at(helpers).text
    outsider(helpers, chart.replace(".Values.image.tag)", "(.Values.global.tag | default .Values.image.tag))"))
    with pytest.raises(Invalid, match=r"image tag 9\.9\.9 would have no effect: Helm still renders 1\.0\.0") as refusal:
        plan(dev, f'{IMAGE}global: {{tag: "1.0.0"}}\n', outsider, action="deploy", image_tag="9.9.9")
    assert refusal.value.fields[0]["field"] == "image_tag"
    assert "edit that by hand" in refusal.value.remedy


def test_variables_become_exactly_the_text_that_was_asked_for(dev: Actor, outsider: Outsider) -> None:
    planned = plan(dev, f"{IMAGE}env:\n  B: 2.0\n  A: y\n  C: 1e3\n", outsider, env_vars={"A": "y", "B": "2.0"})
    (deployment,) = planned["objects"]
    added = [line[1:].strip() for line in deployment["diff"].splitlines() if line[0] == "+"][1:]
    assert added == ["value: y", "value: '2.0'"]


def test_the_very_text_that_helm_renders_already_is_no_change(dev: Actor, outsider: Outsider) -> None:
    planned = plan(dev, f"{IMAGE}env:\n  B: 2.0\n  A: y\n  C: 1e3\n", outsider, env_vars={"A": "true", "C": "1000"})
    assert not planned["changed"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"{IMAGE}---\nother: document\n", 4, "A second document"),
        (f"{IMAGE}env:\n  A: &n one\n  B: &n two\n  C: *n\n", 6, "The anchor &n is used a second time"),
        (f"{IMAGE}a: &a\n  b: *a\n", 5, "&a would contain itself"),
        ('image:\n  repository: ghcr.io/acme/shop\n  tag: "1.0.0\nenv:\n  A: x\n', 3, "A quote that opens here"),
        (f"{IMAGE}a: {'[' * 30_000}{']' * 30_000}\n", 4, "nested more than 60 levels deep"),
        (f"{IMAGE}a: .inf\n", 4, "Helm cannot use the number .inf"),
    ],
    ids=["two-documents", "anchor-twice", "recursive", "open-quote", "deep", "infinite"],
)
def test_a_file_that_cannot_be_changed_safely_is_refused_with_its_line(
    dev: Actor,
    outsider: Outsider,
    text: str,
    line: int,
    reason: str,
) -> None:
    with pytest.raises(Problem, match=reason) as refusal:
        plan(dev, text, outsider, action="deploy", image_tag="9.9.9")
    assert refusal.value.problem_code in {"unreadable_file", "not_editable"}
    assert (refusal.value.facts["path"], refusal.value.facts["line"]) == (PATH, line)
    assert f"{PATH}, line {line}: " in refusal.value.sentence


CHART = ROOT / "deploy" / "gitops" / "helm-charts" / "base-service"
UNCHANGED = (
    f"{IMAGE}env: {{A: x}}\nautoscaling: {{enabled: true}}\ningress: {{enabled: true, host: a.apps.example.dev}}\n"
)
ABOUT = {"team_name": "payments", "component_name": "checkout-web"}


@pytest.mark.parametrize(
    ("parameters", "changes"),
    [
        (RollbackServiceParameters, {"target_tag": "0.9.0"}),
        (ScaleServiceParameters, {"min_replicas": 3}),
        (ScaleServiceParameters, {"max_replicas": 9}),
        (ScaleServiceParameters, {"cpu_threshold": 61}),
        (DeployServiceParameters, {"image_repository": "ghcr.io/acme/other"}),
        (DeployServiceParameters, {"port": 3001}),
        (DeployServiceParameters, {"host": "b.apps.example.dev"}),
        (DeployServiceParameters, {"env_vars": {"A": "y"}}),
        (DeployServiceParameters, {"env_vars": {"B": "y"}}),
        (DeployServiceParameters, {"unset_env": ["A"]}),
        (DeployServiceParameters, {"health_check_path": "/up"}),
        (DeployServiceParameters, {"skip_health_check": True}),
        (DeployServiceParameters, {"startup_time_s": 600}),
        (DeployServiceParameters, {"memory_limit": "3Gi"}),
        (DeployServiceParameters, {"cpu_request": "75m"}),
    ],
)
def test_each_parameter_is_looked_for_in_what_helm_renders(parameters: type[Any], changes: dict[str, Any]) -> None:
    """The file as it was: nothing of what is asked for is in it."""
    objects = render(CHART, release="payments-checkout-web", namespace="payments", values=[UNCHANGED])
    action = {"action": "update-config"} if parameters is DeployServiceParameters else {}
    with pytest.raises(Invalid, match="would have no effect") as refusal:
        refuse_without_effect(parse_parameters(parameters, {**ABOUT, **action, **changes}), objects)
    assert refusal.value.fields[0]["field"] == next(iter(changes))


@pytest.mark.parametrize(
    "odd",
    [
        'resources: {limits: {cpu: "500 m", memory: 1e300}}',
        "resources: {limits: x, requests: [a]}",
        "extraContainers: [a, null, [b], {name: c, env: {A: 1}, resources: x}]",
        "extraObjects: [{apiVersion: batch/v1, kind: Job, metadata: {generateName: x-}}]",
        "extraObjects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: 5}}, {apiVersion: v1, kind: ConfigMap}]",
        "extraObjects: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}}]",
        "extraObjects: [{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {replicas: x}}]",
        "extraObjects: [{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}, spec: {rules: [x]}}]",
        "extraObjects: [{apiVersion: v1, kind: [a], metadata: {name: x}}]",
        "extraObjects: [{apiVersion: v1, kind: 5, metadata: {name: x}}]",
    ],
)
@pytest.mark.parametrize("changes", [{"replicas": 2}, {"cpu_limit": "1"}, {"host": "auto"}, {"env_vars": {"A": "1"}}])
def test_a_plan_is_made_or_refused_whatever_the_chart_renders(
    dev: Actor,
    outsider: Outsider,
    odd: str,
    changes: dict[str, Any],
) -> None:
    with suppress(Problem):
        plan(dev, f"{IMAGE}{odd}\n", outsider, **changes)


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("probes: {liveness: {httpGet: {path: /a, port: http}}, readiness: null}\n", {"health_check_path": "/up"}),
        ("componentType: worker-service\n", {"port": 9191}),
        ("componentType: worker-service\n", {"health_check_path": "/up"}),
        ("componentType: worker-service\n", {"startup_time_s": 300}),
    ],
)
def test_what_the_chart_decides_otherwise_is_refused(
    dev: Actor,
    outsider: Outsider,
    file: str,
    changes: dict[str, Any],
) -> None:
    with pytest.raises(Invalid, match="would have no effect"):
        plan(dev, f"{IMAGE}{file}", outsider, **changes)


def test_a_rollout_is_judged_like_a_deployment(dev: Actor, outsider: Outsider) -> None:
    text = f"{IMAGE}blueGreen: {{enabled: true}}\nresources: {{requests: {{cpu: 2}}, limits: {{cpu: 3}}}}\n"
    with pytest.raises(Invalid, match="below the request"):
        plan(dev, text, outsider, cpu_limit="1")
    assert plan(dev, f"{text}# again\n", outsider, env_vars={"A": "1"})["restarts"].startswith("Every pod is replaced")


def test_a_host_that_the_service_has_already_is_not_written_twice(dev: Actor, outsider: Outsider) -> None:
    hosts = "ingress: {enabled: true, hosts: [a.apps.example.dev, {host: payments-b.apps.example.dev}]}\n"
    with pytest.raises(Invalid, match="is another host of this service already"):
        plan(dev, f"{IMAGE}{hosts}", outsider, host="payments-b.apps.example.dev")


def test_a_variable_that_has_its_value_from_elsewhere_is_not_set_as_well(dev: Actor, outsider: Outsider) -> None:
    text = f"{IMAGE}envValueFrom: {{A: {{secretKeyRef: {{name: s, key: k}}}}}}\n"
    with pytest.raises(Invalid, match="A comes from envValueFrom in the values file already") as refusal:
        plan(dev, text, outsider, env_vars={"A": "x"})
    assert (refusal.value.fields[0]["field"], refusal.value.fields[0]["value"]) == ("env_vars", "A")


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ("probes: {liveness: {port: HTTP}}", 'probes.liveness.port: "HTTP" does not fit. A port is a number from 1'),
        # A value is cut at 80 characters, and the password with it.
        (
            f"probes: {{liveness: {{port: '{'x' * 60}://a:hunter22longer@db'}}}}",
            f'probes.liveness.port: "{"x" * 60}://a:***@db" does not fit.',
        ),
        ("autoscaling: {enabled: true, minReplicas: 9}", "autoscaling.maxReplicas: 5 is below minReplicas, 9."),
        ("resources: {limits: {memory: 64Mi}}", "resources.limits.memory: 64Mi is below the request of 128Mi."),
    ],
)
def test_a_plan_names_file_and_key_of_what_the_cluster_would_refuse(
    dev: Actor,
    outsider: Outsider,
    by_hand: str,
    said: str,
) -> None:
    with pytest.raises(Invalid, match="The chart refuses these values") as refusal:
        plan(dev, f"{IMAGE}{by_hand}\n", outsider, env_vars={"A": "x"})
    assert f"{PATH}: {said}" in refusal.value.sentence
    assert refusal.value.facts["path"] == PATH


@pytest.mark.parametrize(
    ("by_hand", "changes", "field", "value"),
    [
        ("envFrom: [{secretRef: {name: Shop}}]", {"env_vars": {"A": "x"}}, "request", "envFrom[0].secretRef.name"),
        ("envValueFrom: {B: {}}", {"env_vars": {"A": "x"}}, "request", "envValueFrom.B"),
        ("env: {1B: x}", {"env_vars": {"A": "x"}}, "request", "env"),
        ("probes: {liveness: {port: HTTP}}", {"startup_time_s": 300}, "startup_time_s", "300"),
        ("metrics: {enabled: true, port: 9100}", {"port": 9100}, "port", "9100"),
    ],
)
def test_a_plan_marks_only_the_parameter_that_leads_to_the_refused_key(
    dev: Actor,
    outsider: Outsider,
    by_hand: str,
    changes: dict[str, Any],
    field: str,
    value: str,
) -> None:
    with pytest.raises(Invalid, match="The chart refuses these values") as refusal:
        plan(dev, f"{IMAGE}{by_hand}\n", outsider, **changes)
    (marked,) = refusal.value.fields
    assert (marked["field"], marked["value"]) == (field, value)


@pytest.mark.parametrize(
    ("key", "parameter"),
    [
        ("env.A", "env_vars"),
        ("env.B", ""),
        ("env", ""),
        ("envFrom[0].secretRef", ""),
        ("envValueFrom.A", ""),
        ("service.port", "port"),
        ("service.portName", ""),
        ("replicaCount", "replicas"),
        ("probes.liveness.path", ""),
    ],
)
def test_a_key_of_the_chart_is_a_parameters_only_as_a_whole(key: str, parameter: str) -> None:
    given: dict[str, Any] = {"env_vars": {"A": "x"}, "port": 80, "replicas": 0}
    named = {"team_name": "payments", "component_name": "api", "action": "update-config"}
    parameters = DeployServiceParameters.model_validate({**named, **given})
    assert parameter_of(parameters, key) == parameter
