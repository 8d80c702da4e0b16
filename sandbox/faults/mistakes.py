"""Mistakes in the GitOps repository: what each commits to a service's values file, as somebody's hand would."""

import time
from collections.abc import Callable
from typing import Any

from core.resource_names import application_name
from integrations.gitops import Change, Edit, FileEdit, Gitops, Remove, Set, edit_yaml, parse
from sandbox.faults.kinds import ActiveFault, Fault, Settings

AUTHOR = "sandbox"
TAKEN_BACK = "Take the commit back, or remove the fault, which does it."
# An apply cannot take this name away (the API server keeps its deprecated twin), only put another in its place.
WHERE_NOTHING_STOOD: dict[tuple[str | int, ...], Any] = {("serviceAccount", "name"): "default"}
OWN_PORTS = [{"name": "http", "port": 8080, "targetPort": "http"}]


def _extra_service(name: str, **spec: Any) -> dict[str, Any]:
    """A Service that the team wrote beside the chart's."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _old_ingress(name: str, host: str) -> dict[str, Any]:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}
    spec = {"ingressClassName": "traefik", "rules": [{"host": host, "http": {"paths": [path]}}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec}


def _mistake(name: str, description: str, *edits: Set, mended_by: str = TAKEN_BACK) -> Fault:
    return Fault(name, description, mended_by, {}, edits=edits)


def _set(*path: str, value: Any) -> Set:
    return Set(path, value)


MISTAKES = (
    _mistake(
        "typo-in-repository",
        "The values file names an image repository that does not exist.",
        _set("image", "repository", value="docker.io/acme/helo"),
        mended_by="Deploy with the right image repository.",
    ),
    _mistake(
        "typo-in-tag",
        "The values file names a tag that does not exist.",
        _set("image", "tag", value="1.1.O"),
        mended_by="Deploy a tag that exists.",
    ),
    _mistake(
        "typo-in-image-name",
        "The values file names an image in capitals, which is no image reference.",
        _set("image", "repository", value="ghcr.io/Acme/Hello"),
        mended_by="Deploy with the right image repository.",
    ),
    _mistake(
        "pull-secret-missing",
        "The values file names a private image and a pull secret that does not exist.",
        _set("image", "repository", value="ghcr.io/acme/invoice-pdf"),
        _set("image", "tag", value="0.5.0"),
        _set("imagePullSecrets", value=[{"name": "partner-registry"}]),
        mended_by="Deploy an image that needs no credentials, or make the secret.",
    ),
    _mistake(
        "too-much-cpu",
        "The service requests more CPU than any node has.",
        _set("resources", "requests", "cpu", value="5"),
        _set("resources", "limits", "cpu", value="5"),
        mended_by="Deploy with a lower CPU request and limit.",
    ),
    _mistake(
        "too-much-memory",
        "The service requests more memory than any node has.",
        _set("resources", "requests", "memory", value="20Gi"),
        _set("resources", "limits", "memory", value="20Gi"),
        mended_by="Deploy with a lower memory request and limit.",
    ),
    _mistake(
        "no-such-node",
        "The service asks for nodes with a label that none has.",
        _set("nodeSelector", value={"disk": "nvme"}),
    ),
    _mistake(
        "secret-missing",
        "The service reads its variables from a Secret that does not exist.",
        _set("envFrom", value=[{"secretRef": {"name": "partner-keys"}}]),
    ),
    _mistake(
        "configmap-missing",
        "The service reads its variables from a ConfigMap that does not exist.",
        _set("envFrom", value=[{"configMapRef": {"name": "limits"}}]),
    ),
    _mistake(
        "service-account-missing",
        "The service runs as a service account that does not exist.",
        _set("serviceAccount", "name", value="reporting"),
    ),
    _mistake(
        "storage-class-missing",
        "The service claims a volume of a storage class that does not exist, so the claim stays Pending.",
        _set("persistence", "data", value={"size": "1Gi", "mountPath": "/data", "storageClassName": "ultra-ssd"}),
    ),
    _mistake(
        "volume-missing",
        "The service mounts a volume claim that does not exist.",
        _set("extraVolumes", value=[{"name": "uploads", "persistentVolumeClaim": {"claimName": "uploads"}}]),
    ),
    _mistake(
        "probe-on-wrong-port",
        "The readiness check asks a port on which nothing listens.",
        _set("probes", "readiness", "port", value=9999),
    ),
    _mistake(
        "wrong-selector",
        "The team's own Service selects a label that no pod has, so it has no endpoints.",
        _set("extraObjects", value=[_extra_service("public-front", selector={"app": "helo"}, ports=OWN_PORTS)]),
    ),
    _mistake(
        "wrong-target-port",
        "The team's own Service forwards to a port on which the pods do not listen.",
        _set(
            "extraObjects",
            value=[
                _extra_service(
                    "metrics-front",
                    selector={"app.kubernetes.io/instance": "{instance}"},
                    ports=[{"name": "http", "port": 80, "targetPort": 9999}],
                )
            ],
        ),
    ),
    _mistake(
        "ingress-class-missing",
        "The Ingress names a class that no controller serves.",
        _set("ingress", "enabled", value=True),
        _set("ingress", "host", value="{instance}.acme.example"),
        _set("ingress", "className", value="nginx-internal"),
    ),
    _mistake(
        "host-claimed-twice",
        "An old Ingress that nobody removed claims the host of the service too.",
        _set("ingress", "enabled", value=True),
        _set("ingress", "host", value="{instance}.acme.example"),
        _set(
            "extraObjects",
            value=[
                _extra_service("old-front", type="ExternalName", externalName="old-front.acme.example"),
                _old_ingress("old-front", "{instance}.acme.example"),
            ],
        ),
    ),
    _mistake(
        "render-error",
        "The values lack what the chart requires, so Argo CD cannot generate the manifests (ComparisonError).",
        _set("persistence", "data", value={"mountPath": "/data"}),
    ),
    _mistake(
        "invalid-manifest",
        "The team's own Service has a port out of range, so the API server refuses the manifest and the sync fails.",
        _set(
            "extraObjects",
            value=[
                _extra_service(
                    "partner-front",
                    selector={"app.kubernetes.io/instance": "{instance}"},
                    ports=[{"name": "http", "port": 80800, "targetPort": "http"}],
                )
            ],
        ),
    ),
)


def commit(git: Gitops, fault: Fault, tenant: str, service: str) -> dict[str, Any]:
    """Commits the mistake; returns what stood in its places, for `take_back`."""
    edits = _filled(fault, tenant, service)
    before: list[list[Any]] = []

    def changed(text: str | None) -> str:
        values = parse(text or "")
        before[:] = [[list(edit.path), *(_standing(values, edit.path) or _usual(edit.path))] for edit in edits]
        return edit_yaml(text or "", edits)

    _write(git, tenant, service, changed, f"Change {tenant}/{service}")
    return {"before": before}


def take_back(git: Gitops, active: ActiveFault) -> None:
    """Puts back what the mistake replaced, wherever the mistake still stands; what was mended since stays."""
    before: list[list[Any]] = active.settings.get("before") or []

    def changed(text: str | None) -> str:
        values = parse(text or "")
        undone: list[Edit] = []
        for edit, (path, *stood) in zip(_filled(active.fault, active.tenant, active.service), before, strict=False):
            if _standing(values, edit.path) == [edit.value]:
                undone.append(Set(tuple(path), stood[0]) if stood else Remove(tuple(path)))
        return edit_yaml(text or "", undone)

    _write(git, active.tenant, active.service, changed, f"Take back the change of {active.tenant}/{active.service}")


def _write(git: Gitops, tenant: str, service: str, changed: Callable[[str | None], str], subject: str) -> None:
    change = Change((FileEdit(git.service_path(tenant, service), changed),), subject, AUTHOR)
    git.commit(change, key=f"mistake-{tenant}-{service}-{time.time_ns()}")


def _filled(fault: Fault, tenant: str, service: str) -> list[Set]:
    words = {"{instance}": application_name(tenant, service)}
    return [Set(edit.path, _worded(edit.value, words)) for edit in fault.edits]


def _worded(value: Any, words: Settings) -> Any:
    if isinstance(value, dict):
        return {key: _worded(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_worded(one, words) for one in value]
    if isinstance(value, str):
        for word, meant in words.items():
            value = value.replace(word, str(meant))
    return value


def _usual(path: tuple[str | int, ...]) -> list[Any]:
    return [WHERE_NOTHING_STOOD[path]] if path in WHERE_NOTHING_STOOD else []


def _standing(values: Any, path: tuple[str | int, ...]) -> list[Any]:
    """[what stands at the path], or [] where nothing does."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return []
    return [values]
