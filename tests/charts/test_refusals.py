"""What an API server would refuse, a chart refuses in words or renders rightly: a table of values and outcomes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations import helm
from integrations.errors import Refused
from integrations.helm import RenderJob, render_many
from tests.charts.dry_run import Server
from tests.processes import ROOT

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")

CHARTS = ROOT / "deploy" / "gitops" / "helm-charts"
IMAGE = "image: {repository: ghcr.io/acme/echo, tag: 1.0.0}\n"
LONG = "x" * 57

# Values of a service, and what the refusal says of them.
REFUSED_SERVICES = [
    ("env: {A: 1}\nenvValueFrom: {A: {fieldRef: {fieldPath: metadata.name}}}", "env.A: the variable stands in envVal"),
    ("env: {'1A': x}", "env: '1A' cannot stand here. Variables by name, such as LOG_LEVEL: info"),
    ("args: [[1]]", "args[0]: [1] does not fit. A list of texts, such as"),
    ("podLabels: {tier: a b}", 'podLabels.tier: "a b" does not fit. A label has a key such as tier'),
    ("podLabels: {app.kubernetes.io/name: x}", "podLabels.app.kubernetes.io/name: this label selects the pods"),
    (f"podLabels: {{tier: {'x' * 64}}}", "at most 63 letters, digits, dots, dashes and underscores, such as edge"),
    ("podAnnotations: {a/b/c: x}", "podAnnotations: 'a/b/c' cannot stand here. An annotation has a key such as"),
    ("backstage: {kubernetesId: a b}", 'backstage.kubernetesId: "a b" does not fit'),
    ("persistence: {Data: {size: 1Gi}}", "persistence: 'Data' cannot stand here. Volumes by name, at most 63 lower"),
    ("persistence: {data: {size: 0}}", "persistence.data.size: 0 does not fit. size is an amount above zero"),
    ("persistence: {data: {size: 1Gi, accessModes: [ReadWriteOncePod, ReadWriteOnce]}}", "or ReadWriteOncePod alone"),
    ("persistence: {data: {}}", "persistence.data.size is missing, such as 1Gi"),
    ("extraVolumes: [{name: Tmp, emptyDir: {}}]", 'extraVolumes[0].name: "Tmp" does not fit. A volume has a name of'),
    ("extraVolumes: [{name: tmp, emptyDir: }]", "extraVolumes[0].emptyDir: null does not fit"),
    ("extraVolumes: [{name: tmp}]", 'extraVolumes[0]: {"name": "tmp"} does not fit'),
    ("extraVolumes: [{name: a, emptyDir: {}}, {name: a, emptyDir: {}}]", "extraVolumes: the name a is taken by anothe"),
    ("extraVolumeMounts: [{name: a, mountPath: /a}]", "extraVolumeMounts: there is no volume a. Name one of"),
    (
        "extraVolumes: [{name: a, emptyDir: {}}]\n"
        "extraVolumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /a}]",
        "extraVolumeMounts: two volumes are mounted at /a",
    ),
    (
        "configMaps: {Rules: {a: x}}",
        "configMaps: 'Rules' cannot stand here. ConfigMaps by name, at most 253",
    ),
    ("configMaps: {rules: {..a: x}}", "configMaps.rules: '..a' cannot stand here"),
    (f"configMaps: {{{'w' * 254}: {{a: x}}}}", "has 254 characters; Kubernetes takes 253"),
    ("resources: {limits: {hugepages-2Mi: 3Mi}}", "3Mi is not a whole number of such pages. Give a multiple of 2Mi"),
    ("autoscaling: {enabled: true, minReplicas: 9}", "autoscaling.maxReplicas: 5 is below minReplicas, 9. Raise it"),
    ("autoscaling: {enabled: true, minReplicas: 0}", "autoscaling.minReplicas: 0 does not fit. minReplicas is the f"),
    ("replicaCount: null", "values.yaml: 'replicaCount' is missing"),
    ("service: {port: null}", "service: 'port' is missing. service has a type, such as ClusterIP, and a port"),
    ("service: {port: 70000}", "service.port: 70000 does not fit. A port is a whole number from 1 to 65535"),
    ("metrics: {enabled: true, port: 8080}", "metrics.port: 8080 is service.port already. Choose another port."),
    ("metrics: {enabled: true, port: null}", "metrics: 'port' is missing. metrics has enabled, port, path and int"),
    ("autoscaling: {enabled: true, maxReplicas: null}", "autoscaling: 'maxReplicas' is missing. autoscaling has"),
    ("resources: {limits: {memory: 64Mi}}", "resources.limits.memory: 64Mi is below the request of 128Mi"),
    ("resources: {limits: {cpu: 0.05}}", "resources.limits.cpu: 0.05 is below the request of 100m"),
    ("resources: {limits: {memory: 1 Gi}}", 'resources.limits.memory: "1 Gi" does not fit. A quantity is a number'),
    ("resources: {limits: {gpu: 1}}", "resources.limits: 'gpu' cannot stand here. Amounts by resource: cpu, memory"),
    ("resources: {requests: {nvidia.com/gpu: 1}}", "resources.requests.nvidia.com/gpu: this resource needs a limit"),
    ("strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}", "strategy.rollingUpdate: maxSurge and maxUnavail"),
    ("strategy: {type: Recreate, rollingUpdate: {}}", "strategy.rollingUpdate: it belongs to the type RollingUpdate"),
    ("probes: {liveness: {successThreshold: 2}}", "probes.liveness.successThreshold: 2 does not fit"),
    ("probes: {liveness: {port: HTTP}}", 'probes.liveness.port: "HTTP" does not fit'),
    ("ingress: {enabled: true, host: Shop.example.dev}", 'ingress.host: "Shop.example.dev" does not fit. A host is a'),
    ("ingress: {enabled: true, host: 10.0.0.1}", "An address is not one"),
    ("ingress: {enabled: true}", "ingress: it names no host. Give host or hosts"),
    ("ingress: {enabled: true, host: a.dev, path: api}", 'ingress.path: "api" does not fit. A path begins with a sl'),
    ("extraIngresses: [{name: a, host: a.dev}, {name: a, host: b.dev}]", "extraIngresses[1].name: a is the name of"),
    ("initContainers: [{name: a, image: b}]\nextraContainers: [{name: a, image: b}]", "extraContainers[0].name: a is"),
    ("extraContainers: [{name: base-service, image: b}]", "base-service is the name of another container"),
    ("extraContainers: [{name: a, image: b, env: [{name: A}, {name: A}]}]", "extraContainers[0].env: A is set twice"),
    ("imagePullSecrets: [{name: a}, {name: a}]", "A list of pull secrets, each once, such as"),
    ("podSecurityContext: {runAsUser: node}", 'podSecurityContext.runAsUser: "node" does not fit. A user or group'),
    ("podSecurityContext: {privileged: true}", "podSecurityContext: 'privileged' cannot stand here"),
    (
        "containerSecurityContext: {privileged: true, allowPrivilegeEscalation: false}",
        "containerSecurityContext.allowPrivilegeEscalation: false contradicts privileged: true",
    ),
    ("tolerations: [{key: a, operator: Exists, value: b}]", 'tolerations[0].value: "b" does not fit. A toleration'),
    ("nodeSelector: {disk: a b}", 'nodeSelector.disk: "a b" does not fit'),
    ("externalSecret: {targetSecret: Shop, data: []}", 'externalSecret.targetSecret: "Shop" does not fit'),
]
TAKEN_SERVICES = [
    "args: [1000000, 1.5, true]\ncommand: [run, 7]",
    "podLabels: {tier: 1000000, canary: true}\nnodeSelector: {gpu: true}",
    f"configMaps: {{{LONG}: {{a: x}}, {'y' * 253}: {{a: x}}}}",
    "autoscaling: {enabled: true, minReplicas: 5}",
    "persistence: {data: {size: 1Gi, mountPath: /data}}",
    "strategy: {type: Recreate}",
    "revisionHistoryLimit: null",
    "tolerations: [{key: a, value: true}]",
    "dbInitJob: {enabled: true, sql: select 1}",
    "externalSecret: {targetSecret: shop, data: []}",
    "initContainers: [{name: a, image: b, args: [1], env: [{name: A, value: 5}]}]",
]
REFUSED_TENANTS = [
    ("quotas: {cpus: 2}", "tenant.quotas: 'cpus' cannot stand here. The quota knows cpu, memory"),
    ("quotas: {limits.foo: 2}", "tenant.quotas: 'limits.foo' cannot stand here"),
    ("quotas: {pods: 0.5}", "tenant.quotas.pods: 0.5 does not fit. Objects are counted in whole numbers"),
    ("quotas: {limits.memory: much}", 'tenant.quotas.limits.memory: "much" does not fit. A quantity is a number'),
    ("limitRange: {default: {cpu: 2}}", "tenant.limitRange.default.cpu: 2 is above limitRange.max, 1500m"),
    (
        "limitRange: {defaultRequest: {memory: 1Gi}}",
        "tenant.limitRange.defaultRequest.memory: 1Gi is above limitRange.",
    ),
    ("networking: {nodePublicCIDRs: ['2001:db8::1']}", "IPv6 is not taken"),
    ("networking: {nodePublicCIDRs: [0.0.0.0/0]}", 'nodePublicCIDRs[0]: "0.0.0.0/0" does not fit. A node'),
    ("networking: {nodePublicCIDRs: [10.1.2]}", 'nodePublicCIDRs[0]: "10.1.2" does not fit'),
    ("teams: [{name: preview}]", "tenant.teams: two namespaces would be called labs-preview"),
    (f"teams: [{{name: {'x' * 60}}}]", "has 65 characters; Kubernetes takes 63"),
    (f"name: {'x' * 47}", "A tenant's name has at most 46 lower-case letters, digits and dashes"),
]
TAKEN_TENANTS = [
    "quotas: {cpu: 2, pods: 10, count/deployments.apps: 5, requests.nvidia.com/gpu: 1}",
    "networking: {allowInternetEgress: true, nodePublicCIDRs: [10.1.2.3, 172.1.2.3/32, 192.168.0.0/16, 203.0.113.7]}",
    "limitRange: {max: {cpu: 2}, default: {cpu: 2}}",
    f"name: {'x' * 46}",
]
# Keys that a chart cannot do without; any other one of its values.yaml may be left empty.
NEEDED = {
    "base-service": {
        "image",
        "image.repository",
        "image.tag",
        "service",
        "service.port",
        "replicaCount",
        "autoscaling",
        "ingress",
        "serviceAccount",
        "metrics",
        "blueGreen",
    },
    "tenant": {
        "tenant",
        "tenant.name",
        "tenant.ghcrCredentials",
        "tenant.ghcrCredentials.remoteKey",
        "tenant.preview",
        "tenant.secretStore.name",
        "tenant.secretStore.server",
        "tenant.secretStore.serviceAccountName",
        "tenant.podSecurityLevel",
        "tenant.podSecurityObserveLevel",
    },
}
SMALLEST = {"base-service": yaml.safe_load(IMAGE), "tenant": {"tenant": {"name": "labs"}}}


def refusal_of(chart: str, values: str, release: str = "labs-echo") -> str:
    (outcome,) = render_many([RenderJob(CHARTS / chart, release, "labs", (values,))])
    assert isinstance(outcome, Refused), outcome
    return str(outcome.facts["reason"])


@pytest.fixture(scope="module")
def emulator(kubernetes: Path) -> Iterator[Server]:
    server = Server(kubernetes)
    yield server
    server.close()


@pytest.mark.parametrize(("values", "said"), REFUSED_SERVICES)
def test_what_the_cluster_would_refuse_of_a_service_is_refused_in_words(values: str, said: str) -> None:
    assert said in refusal_of("base-service", IMAGE + values)


@pytest.mark.parametrize(("values", "said"), REFUSED_TENANTS)
def test_what_the_cluster_would_refuse_of_a_tenant_is_refused_in_words(values: str, said: str) -> None:
    name = "" if values.startswith("name:") else "name: labs\n  "
    assert said in refusal_of("tenant", f"tenant:\n  {name}{values}")


@pytest.mark.parametrize("values", TAKEN_SERVICES)
def test_what_can_be_rendered_rightly_of_a_service_is(emulator: Server, values: str) -> None:
    (objects,) = render_many([RenderJob(CHARTS / "base-service", "labs-echo", "labs", (IMAGE + values,))])
    assert not isinstance(objects, Refused), objects
    assert [answer.refusal for answer in emulator.answers(objects) if answer.refusal] == []


@pytest.mark.parametrize("values", TAKEN_TENANTS)
def test_what_can_be_rendered_rightly_of_a_tenant_is(emulator: Server, values: str) -> None:
    name = "" if values.startswith("name:") else "name: labs\n  "
    (objects,) = render_many([RenderJob(CHARTS / "tenant", "tenant-labs", "labs", (f"tenant:\n  {name}{values}",))])
    assert not isinstance(objects, Refused), objects
    assert [answer.refusal for answer in emulator.answers(objects) if answer.refusal] == []


Key = tuple[str, ...]


def keys_of(values: dict[str, Any], above: Key = ()) -> Iterator[Key]:
    for name, value in values.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from keys_of(value, (*above, name))


def with_empty(chart: str, key: Key) -> str:
    """The fewest values of a chart and one key left empty."""
    values: dict[str, Any] = yaml.safe_load(yaml.safe_dump(SMALLEST[chart]))
    place = values
    for part in key[:-1]:
        place = place.setdefault(part, {})
    place[key[-1]] = None
    return yaml.safe_dump(values)


@pytest.mark.parametrize("chart", ["base-service", "tenant"])
def test_any_key_may_be_left_empty_but_those_the_chart_cannot_do_without(emulator: Server, chart: str) -> None:
    keys = list(keys_of(yaml.safe_load((CHARTS / chart / "values.yaml").read_text())))
    jobs = [RenderJob(CHARTS / chart, "labs-echo", "labs", (with_empty(chart, key),)) for key in keys]
    outcomes = dict(zip(keys, render_many(jobs), strict=True))
    refused = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, Refused)}

    assert {".".join(key) for key in refused} == NEEDED[chart]
    for key, refusal in refused.items():
        assert f"'{key[-1]}' is missing" in str(refusal.facts["reason"])
    for key, objects in outcomes.items():
        if not isinstance(objects, Refused):
            assert (key, [answer.refusal for answer in emulator.answers(objects) if answer.refusal]) == (key, [])


def test_a_release_that_helm_would_not_take_is_refused_with_its_length() -> None:
    release = f"labs-{'e' * 49}"
    said = f"The release name {release} has 54 characters; Helm takes 53. Shorten the name"
    assert said in refusal_of("base-service", IMAGE, release)


@pytest.mark.parametrize("length", [37, 38, 45, 46, 48])
def test_objects_with_a_suffix_fit_and_keep_tenant_and_service_whole(emulator: Server, length: int) -> None:
    release = f"labs-{'e' * length}"
    values = f"{IMAGE}metrics: {{enabled: false}}\nblueGreen: {{enabled: true}}\ndbInitJob: {{enabled: true, sql: x}}"
    (objects,) = render_many([RenderJob(CHARTS / "base-service", release, "labs", (values,))])
    assert not isinstance(objects, Refused)
    names = [item["metadata"]["name"] for item in objects if item["kind"] in {"Service", "Job"}]
    assert len(names) == 3
    assert all(name.startswith(f"{release}-") and len(name) <= 63 for name in names)
    assert [answer.refusal for answer in emulator.answers(objects) if answer.refusal] == []
