"""The charts a GitOps repository starts from: what each value becomes, for every file of the world and by example."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations import helm
from integrations.errors import Refused
from integrations.helm import RenderJob, render, render_many
from integrations.yaml import text

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "deploy" / "gitops" / "helm-charts"
WORLD = ROOT / "sandbox" / "world"
Object = dict[str, Any]


def service(*values: str, release: str = "labs-echo", namespace: str = "labs") -> list[Object]:
    image = "image: {repository: ghcr.io/acme/echo, tag: 1.0.0}"
    return render(CHARTS / "base-service", release=release, namespace=namespace, values=[image, *values])


def tenant(values: str) -> list[Object]:
    return render(CHARTS / "tenant", release="tenant-labs", namespace="labs", values=["tenant: {name: labs}", values])


def one(objects: Sequence[Object], kind: str, name: str = "") -> Object:
    (found,) = [item for item in objects if item["kind"] == kind and name in ("", item["metadata"]["name"])]
    return found


def container(objects: Sequence[Object]) -> Object:
    (found,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return found


@pytest.fixture(scope="module")
def world() -> dict[str, list[Object]]:
    """Every file of the world, rendered as Argo CD would."""
    jobs = []
    for file in sorted(WORLD.glob("*/**/values.yaml")):
        kind, *names = file.relative_to(WORLD).parts[:-1]
        chart, release = ("tenant", f"tenant-{names[0]}") if kind == "tenants" else ("base-service", "-".join(names))
        jobs.append(RenderJob(CHARTS / chart, release, names[0], (file.read_bytes().decode(),)))
    outcomes = zip(jobs, render_many(jobs), strict=True)
    return {job.release: outcome for job, outcome in outcomes if not isinstance(outcome, Refused)}


def test_every_file_of_the_world_renders(world: dict[str, list[Object]]) -> None:
    assert len(world) == len(list(WORLD.glob("*/**/values.yaml"))) == 15


def test_every_object_of_the_world_is_named_and_labelled_alike(world: dict[str, list[Object]]) -> None:
    for release, objects in world.items():
        for item in objects:
            metadata = item["metadata"]
            assert metadata["labels"]["app.kubernetes.io/instance"] == release
            assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
            assert item["kind"] == "Namespace" or metadata["namespace"]
    deployment = one(world["payments-ledger-api"], "Deployment")
    assert deployment["metadata"]["name"] == "payments-ledger-api-base-service"
    assert deployment["metadata"]["labels"]["team"] == "payments"
    selector = {"app.kubernetes.io/name": "base-service", "app.kubernetes.io/instance": "payments-ledger-api"}
    assert deployment["spec"]["selector"]["matchLabels"] == selector


def test_every_object_of_the_world_has_the_schema_of_its_kind(world: dict[str, list[Object]]) -> None:
    import kubernetes_validate

    for objects in world.values():
        for item in objects:
            kubernetes_validate.validate(item, "1.37", strict=True)


def test_requests_of_the_world_fit_its_quotas_with_room_for_a_rollout(world: dict[str, list[Object]]) -> None:
    for name in ("payments", "storefront", "labs"):
        hard = one(world[f"tenant-{name}"], "ResourceQuota", f"{name}-quota")["spec"]["hard"]
        pods = sum(one(o, "Deployment")["spec"]["replicas"] + 1 for r, o in world.items() if r.startswith(f"{name}-"))
        assert pods <= int(hard["pods"])


def test_an_image_without_a_tag_never_renders() -> None:
    with pytest.raises(Refused, match=r"image.tag is missing"):
        service('image: {tag: ""}')


def test_a_digest_pins_the_image() -> None:
    assert container(service("image: {tag: 'sha256:abc'}"))["image"] == "ghcr.io/acme/echo@sha256:abc"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1000000", "1000000"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("null", ""),
        (json.dumps('a: "b" {{ .Release.Name }} \\ \n--- é\t'), 'a: "b" {{ .Release.Name }} \\ \n--- é\t'),
        ('"$(reboot) `id`"', "$(reboot) `id`"),
    ],
)
def test_every_value_of_env_arrives_as_the_text_it_is(written: str, read: str) -> None:
    assert container(service(f"env: {{A: {written}}}"))["env"] == [{"name": "A", "value": read}]


def test_names_that_look_like_other_types_stay_text() -> None:
    deployment = one(service("env: {'no': x, 'on': y}", release="1e3-5", namespace="123"), "Deployment")
    assert deployment["metadata"]["namespace"] == "123"
    assert deployment["metadata"]["labels"]["app.kubernetes.io/instance"] == "1e3-5"
    assert [entry["name"] for entry in deployment["spec"]["template"]["spec"]["containers"][0]["env"]] == ["no", "on"]


def test_probes_have_a_short_and_a_long_form_and_can_be_switched_off() -> None:
    default = container(service())
    assert default["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert "startupProbe" not in default
    changed = container(service("probes: {liveness: {exec: {command: [x]}}, readiness: null, startup: {path: /up}}"))
    assert changed["livenessProbe"]["exec"] == {"command": ["x"]}
    assert "httpGet" not in changed["livenessProbe"]
    assert "readinessProbe" not in changed
    assert changed["startupProbe"]["failureThreshold"] == 30


def test_the_port_is_the_services_and_the_containers() -> None:
    objects = service("service: {port: 9000}")
    assert container(objects)["ports"] == [{"name": "http", "containerPort": 9000, "protocol": "TCP"}]
    assert one(objects, "Service")["spec"]["ports"][0]["port"] == 9000


def test_a_worker_has_no_port_no_service_and_no_ingress() -> None:
    objects = service("componentType: worker-service\ningress: {enabled: true, host: a.b}")
    assert [item["kind"] for item in objects] == ["Deployment"]
    assert not container(objects).keys() & {"ports", "livenessProbe", "readinessProbe"}


def test_hosts_win_over_host_and_each_has_its_certificate() -> None:
    values = "ingress: {enabled: true, host: x.y, hosts: [a.b, c.d], tls: [{secretName: a, hosts: [a.b]}]}"
    spec = one(service(values), "Ingress")["spec"]
    assert [rule["host"] for rule in spec["rules"]] == ["a.b", "c.d"]
    assert spec["tls"] == [{"secretName": "a", "hosts": ["a.b"]}]
    assert one(service("ingress: {enabled: true, host: x.y}"), "Ingress")["spec"]["rules"][0]["host"] == "x.y"


def test_autoscaling_takes_over_the_replicas_of_whatever_runs() -> None:
    objects = service("autoscaling: {enabled: true, minReplicas: 2}")
    assert "replicas" not in one(objects, "Deployment")["spec"]
    assert one(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == "Deployment"
    blue_green = service("autoscaling: {enabled: true}\nblueGreen: {enabled: true}")
    assert one(blue_green, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == "Rollout"


def test_database_credentials_come_from_vault_under_their_usual_names() -> None:
    secret = one(service("dbSecret: {vaultPath: teams/labs/echo/database}"), "ExternalSecret")
    assert (secret["apiVersion"], secret["spec"]["target"]["name"]) == ("external-secrets.io/v1", "labs-echo-db-creds")
    assert set(secret["spec"]["target"]["template"]["data"]) >= {"DATABASE_URL", "DB_HOST", "DB_PASSWORD", "username"}


def test_a_changed_config_map_restarts_the_pods() -> None:
    texts = [service(f"configMaps: {{cfg: {{a: '{text}'}}}}") for text in "xy"]
    sums = [one(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"] for objects in texts]
    assert sums[0].keys() == sums[1].keys() == {"checksum/config-cfg"}
    assert sums[0] != sums[1]


@pytest.mark.parametrize(
    "thing",
    [
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}",
        "{apiVersion: v1, kind: List, items: []}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}",
        "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {workflows.argoproj.io/workflow: x}}}",
    ],
)
def test_extra_objects_stay_inside_the_service(thing: str) -> None:
    with pytest.raises(Refused, match="extraObjects"):
        service(f"extraObjects: [{thing}]")


@pytest.mark.parametrize("values", ["service: {port: 0}", "replicaCount: -1", "env: [A]", "image: {pullPolicy: Maybe}"])
def test_values_of_the_wrong_type_are_refused_by_the_schema(values: str) -> None:
    with pytest.raises(Refused, match=r"(does not fit|cannot stand here)\. "):
        service(values)


def test_a_tenant_gets_its_namespaces_with_quota_and_limits() -> None:
    objects = tenant("tenant: {podSecurityLevel: restricted, quotas: {pods: 3}}")
    assert [item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"] == ["labs", "labs-preview"]
    labels = one(objects, "Namespace", "labs")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert one(objects, "ResourceQuota", "labs-quota")["spec"]["hard"]["pods"] == "3"
    assert one(objects, "LimitRange", "labs-limits")["spec"]["limits"][0]["type"] == "Container"


def test_a_tenant_reaches_the_internet_only_when_it_may() -> None:
    def policies(values: str) -> set[str]:
        return {item["metadata"]["name"] for item in tenant(values) if item["kind"] == "NetworkPolicy"}

    assert "allow-internet-egress" not in policies("tenant: {}")
    assert "allow-internet-egress" in policies("tenant: {networking: {allowInternetEgress: true}}")
    assert "default-deny-all" in policies("tenant: {}")


def test_a_tenant_gives_mctl_no_right_but_to_refresh_the_external_secrets_it_names() -> None:
    assert not [item for item in tenant("") if item["kind"] in ("Role", "RoleBinding")]

    objects = tenant("tenant: {preview: {enabled: false}, externalSecretPatchTargets: [ghcr-credentials]}")

    (rule,) = one(objects, "Role")["rules"]
    assert (rule["resources"], rule["verbs"]) == (["externalsecrets"], ["patch"])
    assert rule["resourceNames"] == ["ghcr-credentials"]
    assert one(objects, "RoleBinding")["subjects"] == [{"kind": "ServiceAccount", "name": "mctl", "namespace": "mctl"}]


def test_a_tenants_roles_are_those_we_know() -> None:
    with pytest.raises(Refused, match=r'tenant\.members\[0\]\.role: "king" does not fit.*owner, developer or viewer'):
        tenant("tenant: {members: [{userId: mia, role: king}]}")


@pytest.mark.parametrize("file", sorted((ROOT / "deploy" / "gitops").glob("[ap]*/*.yaml")), ids=lambda file: file.stem)
def test_what_argo_cd_starts_from_is_one_object_with_the_placeholder_address(file: Path) -> None:
    manifest = yaml.safe_load(file.read_text())
    assert manifest["kind"] in {"ApplicationSet", "AppProject"}
    assert "https://git.invalid/gitops.git" in file.read_text()


@pytest.mark.parametrize(
    ("tag", "printed"),
    [
        ("20240101", "20240101"),
        ("1.10", "1.1"),
        ("2.0", "2"),
        ("86e1234", "86e1234"),
        ("'0123'", "0123"),
        ("1e3", "1000"),
    ],
)
def test_a_tag_that_is_a_number_keeps_its_digits(tag: str, printed: str) -> None:
    assert container(service(f"image: {{tag: {tag}}}"))["image"] == f"ghcr.io/acme/echo:{printed}"
    assert text.print_value(text.parse(f"tag: {tag}")["tag"]) == printed


def test_an_annotation_that_is_a_number_keeps_its_digits() -> None:
    ingress = "ingress: {enabled: true, host: a.example.dev, annotations: {example.dev/rate: 20240101}}"
    assert one(service(ingress), "Ingress")["metadata"]["annotations"]["example.dev/rate"] == "20240101"
