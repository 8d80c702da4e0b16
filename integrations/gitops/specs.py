"""Values files as tenants and services, the charts' defaults filled in.

Files may be written by hand: a tag may be a number, a host may stand in `host` or `hosts`, a probe may use the short
or the long form. What is not a mapping at all is unreadable and said to be so; a strange value inside is shown as text.
"""

from collections.abc import Mapping
from typing import Any

from core.actor import Role
from integrations.gitops.model import Autoscaling, MemberSpec, ServiceSpec, TenantSpec
from integrations.gitops.routes import EVERY_HOST, INGRESS, Route, routes_of
from integrations.gitops.values_file import items, mapping, refuse_uncountable, root_of, value_below
from integrations.yaml.text import print_value

DEFAULT_PORT = 8080
OTHER_WORDS = {"admin": Role.OWNER.value}


def tenant_spec(name: str, path: str, blob_id: str, text: str) -> TenantSpec:
    """Raises UnreadableYaml."""
    values = mapping(root_of(text).get("tenant"))
    return TenantSpec(
        name=name,
        display_name=print_value(values.get("displayName")),
        description=print_value(values.get("description")),
        github_team=print_value(values.get("githubTeam")),
        team_roles={str(team): print_value(role) for team, role in mapping(values.get("teamRoles")).items()},
        contact_email=print_value(values.get("contactEmail")),
        members=tuple(_members(values)),
        quotas={str(key): print_value(amount) for key, amount in mapping(values.get("quotas")).items()},
        path=path,
        blob_id=blob_id,
    )


def _members(values: Mapping[str, Any]) -> list[MemberSpec]:
    """One role a person: the weakest of those named. `admin` is another word for owner; an unknown one gives nothing,
    so that a slip of the keyboard takes rights away rather than granting any."""
    roles: dict[str, Role] = {}
    for entry in items(values.get("members")):
        login = print_value(mapping(entry).get("userId"))
        word = OTHER_WORDS.get(print_value(mapping(entry).get("role")), print_value(mapping(entry).get("role")))
        if login and word in set(Role) and Role(word).rank <= roles.get(login, Role(word)).rank:
            roles[login] = Role(word)
    return [MemberSpec(login, role.value) for login, role in roles.items()]


def service_spec(tenant: str, name: str, path: str, blob_id: str, text: str) -> ServiceSpec:
    """Raises UnreadableYaml."""
    values = root_of(text)
    refuse_uncountable(text, values)
    image = mapping(values.get("image"))
    routes = routes_of(values)
    hosts = _hosts(routes)
    return ServiceSpec(
        tenant=tenant,
        name=name,
        image=print_value(image.get("repository")),
        tag=print_value(image.get("tag")),
        host=hosts[0] if hosts else "",
        hosts=hosts,
        routes=routes,
        port=_number(values, "service", "port", default=DEFAULT_PORT),
        replicas=_number(values, "replicaCount", default=1),
        autoscaling=_autoscaling(values),
        has_database=bool(mapping(values.get("dbSecret"))),
        component_type=print_value(values.get("componentType")) or "base-service",
        resources={
            kind: {str(key): print_value(amount) for key, amount in mapping(amounts).items()}
            for kind, amounts in mapping(values.get("resources")).items()
        },
        probe_paths=_probe_paths(mapping(values.get("probes"))),
        path=path,
        blob_id=blob_id,
        text=text,
    )


def _hosts(routes: tuple[Route, ...]) -> tuple[str, ...]:
    return tuple(route.host for route in routes if route.source == INGRESS and route.host != EVERY_HOST)


def _autoscaling(values: Mapping[str, Any]) -> Autoscaling:
    return Autoscaling(
        enabled=mapping(values.get("autoscaling")).get("enabled") is True,
        min_replicas=_number(values, "autoscaling", "minReplicas", default=1),
        max_replicas=_number(values, "autoscaling", "maxReplicas", default=5),
        cpu_percent=_number(values, "autoscaling", "targetCPUUtilizationPercentage", default=80),
    )


def _probe_paths(probes: Mapping[str, Any]) -> dict[str, str]:
    """Only the paths the file itself names."""
    found = {}
    for name, probe in probes.items():
        block = mapping(probe)
        path = print_value(mapping(block.get("httpGet")).get("path")) or print_value(block.get("path"))
        if path:
            found[str(name)] = path
    return found


def _number(values: Mapping[str, Any], *path: str, default: int) -> int:
    """The whole number at `path`; the default where there is none."""
    value = value_below(values, path)
    if isinstance(value, bool) or value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return default
