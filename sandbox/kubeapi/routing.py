"""Paths of the API to the resource, namespace, name and subresource they mean."""

from dataclasses import dataclass

from sandbox.kubeapi.errors import ApiError, no_such_path
from sandbox.kubeapi.resources import Registry, Resource


@dataclass(frozen=True, slots=True)
class Target:
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What a path says, whether it is served or not."""

    group: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


def words_of(path: str) -> Words | None:
    """None for a path that cannot be a resource's."""
    parts = [part for part in path.split("/") if part]
    try:
        group, _, rest = _group_and_version(parts)
    except ApiError:
        return None
    watch = rest[:1] == ["watch"]
    rest = rest[1:] if watch else rest
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    if not rest:
        return None
    plural, name, subresource = (*rest, "", "")[:3]
    return Words(group, plural, namespace, name, subresource, watch)


def target_of(registry: Registry, path: str) -> Target:
    """Raises ApiError 404 for a path that means nothing here."""
    parts = [part for part in path.split("/") if part]
    group, version, rest = _group_and_version(parts)
    watch = bool(rest) and rest[0] == "watch"
    if watch:  # the old spelling of ?watch=1
        rest = rest[1:]
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces" and registry.find(group, version, rest[2]):
        namespace, rest = rest[1], rest[2:]
    if not rest or len(rest) > 3:
        raise no_such_path()
    resource = registry.find(group, version, rest[0])
    if resource is None or (namespace and not resource.namespaced):
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        raise no_such_path()
    if name and resource.namespaced and not namespace:
        raise no_such_path()
    return Target(resource, namespace, name, subresource, watch)


def _group_and_version(parts: list[str]) -> tuple[str, str, list[str]]:
    if len(parts) >= 2 and parts[0] == "api":
        return "", parts[1], parts[2:]
    if len(parts) >= 3 and parts[0] == "apis":
        return parts[1], parts[2], parts[3:]
    raise no_such_path()
