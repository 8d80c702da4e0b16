"""Values files as tenants and services, the charts' defaults filled in.

Files may be written by hand: a tag may be a number, a host may stand in `host` or `hosts`, a probe may use the short
or the long form. What is not a mapping at all is unreadable and said to be so; a strange value inside is shown as text.
"""

from collections.abc import Mapping
from typing import Any

from core.actor import Role
from integrations.gitops.model import Autoscaling, MemberSpec, ServiceSpec, TenantSpec
from integrations.gitops.routes import EVERY_HOST, INGRESS, Route, routes_of
from integrations.gitops.yaml_text import UnreadableYaml, parse

DEFAULT_PORT = 8080
OTHER_WORDS = {"admin": Role.OWNER.value}


def tenant_spec(name: str, path: str, blob_id: str, text: str) -> TenantSpec:
    """Raises UnreadableYaml."""
    values = mapping(_root(text).get("tenant"))
    return TenantSpec(
        name=name,
        display_name=_text(values.get("displayName")),
        description=_text(values.get("description")),
        github_team=_text(values.get("githubTeam")),
        team_roles={str(team): _text(role) for team, role in mapping(values.get("teamRoles")).items()},
        contact_email=_text(values.get("contactEmail")),
        members=tuple(_members(values)),
        quotas={str(key): _text(amount) for key, amount in mapping(values.get("quotas")).items()},
        path=path,
        blob_id=blob_id,
    )


def _members(values: Mapping[str, Any]) -> list[MemberSpec]:
    """One role a person: the weakest of those named. `admin` is another word for owner; an unknown one gives nothing,
    so that a slip of the keyboard takes rights away rather than granting any."""
    roles: dict[str, Role] = {}
    for entry in _list(values.get("members")):
        login = _text(mapping(entry).get("userId"))
        word = OTHER_WORDS.get(_text(mapping(entry).get("role")), _text(mapping(entry).get("role")))
        if login and word in set(Role) and Role(word).rank <= roles.get(login, Role(word)).rank:
            roles[login] = Role(word)
    return [MemberSpec(login, role.value) for login, role in roles.items()]


def service_spec(tenant: str, name: str, path: str, blob_id: str, text: str) -> ServiceSpec:
    """Raises UnreadableYaml."""
    values = _root(text)
    image = mapping(values.get("image"))
    routes = routes_of(values)
    hosts = _hosts(routes)
    return ServiceSpec(
        tenant=tenant,
        name=name,
        image=_text(image.get("repository")),
        tag=_text(image.get("tag")),
        host=hosts[0] if hosts else "",
        hosts=hosts,
        routes=routes,
        port=_number(mapping(values.get("service")).get("port"), DEFAULT_PORT),
        replicas=_number(values.get("replicaCount"), 1),
        autoscaling=_autoscaling(mapping(values.get("autoscaling"))),
        has_database=bool(mapping(values.get("dbSecret"))),
        component_type=_text(values.get("componentType")) or "base-service",
        env_keys=tuple(str(key) for key in mapping(values.get("env"))),
        resources={
            kind: {str(key): _text(amount) for key, amount in mapping(amounts).items()}
            for kind, amounts in mapping(values.get("resources")).items()
        },
        probe_paths=_probe_paths(mapping(values.get("probes"))),
        path=path,
        blob_id=blob_id,
        text=text,
    )


def _root(text: str) -> Mapping[str, Any]:
    values = parse(text)
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise UnreadableYaml(
            f"The file holds a {'list' if isinstance(values, list) else 'single value'}, not a mapping."
        )
    return values


def _hosts(routes: tuple[Route, ...]) -> tuple[str, ...]:
    return tuple(route.host for route in routes if route.source == INGRESS and route.host != EVERY_HOST)


def _autoscaling(values: Mapping[str, Any]) -> Autoscaling:
    return Autoscaling(
        enabled=values.get("enabled") is True,
        min_replicas=_number(values.get("minReplicas"), 1),
        max_replicas=_number(values.get("maxReplicas"), 5),
        cpu_percent=_number(values.get("targetCPUUtilizationPercentage"), 80),
    )


def _probe_paths(probes: Mapping[str, Any]) -> dict[str, str]:
    """Only the paths the file itself names."""
    found = {}
    for name, probe in probes.items():
        block = mapping(probe)
        path = _text(mapping(block.get("httpGet")).get("path")) or _text(block.get("path"))
        if path:
            found[str(name)] = path
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Numbers and booleans as the chart prints them."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _number(value: Any, default: int) -> int:
    if isinstance(value, bool) or value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return default
