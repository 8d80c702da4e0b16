"""What kinds there are, in the plain and in the aggregated form."""

from collections.abc import Iterator
from typing import Any

from sandbox.kubeapi.resources import Registry, Resource

Document = dict[str, Any]
_VERSION = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.0+sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}
# Subresources whose own kind differs from the parent's, and the verbs each knows.
_SUBRESOURCES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "status": ("", "", "", ("get", "patch", "update")),
    "scale": ("autoscaling", "v1", "Scale", ("get", "patch", "update")),
    "log": ("", "", "Pod", ("get",)),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
    "binding": ("", "v1", "Binding", ("create",)),
    "token": ("authentication.k8s.io", "v1", "TokenRequest", ("create",)),
    "finalize": ("", "", "Namespace", ("update",)),
    "ephemeralcontainers": ("", "", "Pod", ("get", "patch", "update")),
    "resize": ("", "", "Pod", ("get", "patch", "update")),
}


def version_document() -> Document:
    return dict(_VERSION)


def groups(registry: Registry) -> dict[str, dict[str, list[Resource]]]:
    """group -> version -> resources; for custom kinds the storage version comes first."""
    found: dict[str, dict[str, list[Resource]]] = {}
    for resource in registry:
        found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    for group, versions in found.items():
        found[group] = dict(sorted(versions.items(), key=lambda one: _rank(one[0])))
    return found


def _rank(version: str) -> tuple[int, str]:
    """Stable versions before beta before alpha."""
    return (2 if "alpha" in version else 1 if "beta" in version else 0, version)


def _group(name: str, versions: list[str]) -> Document:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def core_versions() -> Document:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(registry: Registry) -> Document:
    listed = [_group(name, list(versions)) for name, versions in groups(registry).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def one_group(registry: Registry, name: str) -> Document | None:
    versions = groups(registry).get(name)
    if not versions:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name, list(versions))


def resource_list(registry: Registry, group: str, version: str) -> Document | None:
    resources = groups(registry).get(group, {}).get(version)
    if not resources:
        return None
    listed = [entry for resource in resources for entry in _entries(resource)]
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": listed}


def _entries(resource: Resource) -> Iterator[Document]:
    entry: Document = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    yield entry
    for name in sorted(resource.subresources):
        group, version, kind, verbs = _SUBRESOURCES[name]
        below: Document = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
        below |= {"kind": kind or resource.kind, "verbs": list(verbs)}
        if version:
            below |= {"group": group, "version": version}
        yield below


def aggregated(registry: Registry, *, core: bool) -> Document:
    """APIGroupDiscoveryList of the core group or of all the others."""
    items = []
    for name, versions in groups(registry).items():
        if bool(name) == core:
            continue
        listed = [
            {"version": version, "freshness": "Current", "resources": [_aggregated(one) for one in resources]}
            for version, resources in versions.items()
        ]
        items.append({"metadata": {"name": name, "creationTimestamp": None}, "versions": listed})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated(resource: Resource) -> Document:
    entry: Document = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    below = []
    for name in sorted(resource.subresources):
        group, version, kind, verbs = _SUBRESOURCES[name]
        kinds = {"group": group, "version": version, "kind": kind} if version else entry["responseKind"]
        below.append({"subresource": name, "responseKind": kinds, "verbs": list(verbs)})
    if below:
        entry["subresources"] = below
    return entry
