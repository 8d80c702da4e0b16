"""Whose the hosts are that a change of a values file brings: the file before is held against the file after.

Not the parameters: a rollback to a commit, or any other edit, may bring hosts that nobody named.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import CharField, F, Value

from core.actor import Actor
from core.errors import shorten
from integrations.gitops import (
    EVERY_HOST,
    Route,
    UnreadableYaml,
    gitops,
    mapping,
    print_value,
    root_of,
    routes_of,
    unread_objects,
)
from operations.registry import StepContext
from services.errors import refused
from services.models import Service
from services.queries.service_hosts import platform_host
from services.runners.parameters import ServiceParameters
from tenants.actions import refuse_taken_hosts, reserve_hosts
from tenants.errors import host_refused
from tenants.models import Tenant
from tenants.policies import hosts_overlap, may_ask_for_host
from tenants.queries import hosts_of

# Stands for any service; no name of one has this character.
SERVICE = "*"


class Hosts(NamedTuple):
    """Of one file: where it answers, and the objects of which that cannot be told."""

    routes: tuple[Route, ...]
    unread: list[Mapping[str, Any]]


def refuse_hosts(actor: Actor, parameters: ServiceParameters, before: str | None, after: str) -> None:
    """For a plan: nothing is kept. Raises Invalid; whose a host is, is said to those who may see it."""
    tenant, service = parameters.team_name, parameters.component_name
    had, added = routes_of_change(tenant, service, before, after)
    refuse_unread_objects(before, after)
    refuse_taken_hosts(without_wildcards(added), tenant=tenant, service=service, sees=actor.sees)
    refuse_ineligible_hosts(tenant, had, added)


def claim_hosts(step: StepContext, before: str | None, after: str) -> None:
    """For a commit: the hosts are this operation's from here on. Raises Invalid."""
    had, added = routes_of_change(step.tenant, step.service, before, after)
    refuse_unread_objects(before, after)
    refuse_ineligible_hosts(step.tenant, had, added)
    if names := without_wildcards(added):
        reserve_hosts(names, tenant=step.tenant, service=step.service, operation=step.operation_id)
        refuse_hosts_in_git(step.tenant, step.service, names)


def refuse_hosts_in_git(tenant: str, service: str, added: list[Route]) -> None:
    """Against the commit that ours would follow: the table of claims may be some seconds behind it."""
    for spec in gitops().read_world().services:
        if (spec.tenant, spec.name) == (tenant, service):
            continue
        for route, asked in product(spec.routes, added):
            if spec.tenant == tenant:
                is_taken = (route.host, route.path) == (asked.host, asked.path)
            else:
                is_taken = hosts_overlap(route.host, asked.host)
            if is_taken:
                holder = f"{tenant}/{spec.name}" if spec.tenant == tenant else "another service"
                remedy = "Choose another host, or take it away there first."
                raise host_refused(asked.host, f"{asked.host} belongs to {holder}.", remedy=remedy)


def routes_of_change(tenant: str, service: str, before: str | None, after: str) -> tuple[list[Route], list[Route]]:
    """What the file has now, and what it would add to that."""
    had = routes_before(tenant, service, before)
    places = {(route.host, route.path) for route in had}
    return had, [route for route in hosts_after(after).routes if (route.host, route.path) not in places]


def without_wildcards(added: list[Route]) -> list[Route]:
    """A new wildcard is refused as ineligible; one at a new path takes no host that the file had not."""
    return [route for route in added if EVERY_HOST not in route.host]


def refuse_ineligible_hosts(tenant: str, had: list[Route], added: list[Route]) -> None:
    """Refuse hosts that this tenant must not have, even if they are free. A host that the file has already stays."""
    kept = {route.host for route in had}
    for host in dict.fromkeys(route.host for route in added if route.host not in kept):
        decision = may_ask_for_host(host)
        if not decision.allowed:
            raise host_refused(host, decision.reason, remedy=decision.remedy)
        if is_default_host_of_others(host, tenant):
            raise host_refused(host, f"{host} is the default host of another service.", remedy="Choose another host.")
        if is_kept_for_others(host, tenant):
            sentence = f"{host} has the form of another tenant's default hosts."
            raise host_refused(host, sentence, remedy=f"Choose a name that begins otherwise, or {tenant}-.")


def refuse_unread_objects(before: str | None, after: str) -> None:
    """A new or changed object that routes requests must say for which hosts. One that the file has already stays."""
    had = unread_before(before)
    for item in hosts_after(after).unread:
        if item not in had:
            sentence = f"Nobody can tell the hosts of {named(item)}, which the file would add to extraObjects."
            raise refused("request", named(item), sentence, remedy="Choose a change without it, or add it in git.")


def named(item: Mapping[str, Any]) -> str:
    name = print_value(mapping(item.get("metadata")).get("name"))
    return f"{shorten(print_value(item.get('kind')))} {shorten(name)}".strip()


def routes_before(tenant: str, service: str, before: str | None) -> list[Route]:
    """Of a file that cannot be read, what git had before it became so: a rollback that mends it must not lose them."""
    try:
        return list(hosts_in(before or "").routes)
    except UnreadableYaml:
        return hosts_of(tenant, service)


def unread_before(before: str | None) -> list[Mapping[str, Any]]:
    try:
        return hosts_in(before or "").unread
    except UnreadableYaml:
        return []


def hosts_after(after: str) -> Hosts:
    try:
        return hosts_in(after)
    except UnreadableYaml as problem:
        sentence = f"The values file could not be read afterwards: {problem}"
        raise refused("request", "", sentence, remedy="Choose a change that leaves a readable file.") from problem


# A plan and the start that confirms it ask about the same two texts, which may be long.
@lru_cache(maxsize=16)
def hosts_in(text: str) -> Hosts:
    values = root_of(text)
    return Hosts(routes_of(values), unread_objects(values))


def is_default_host_of_others(host: str, tenant: str) -> bool:
    """Tenant a-b with service c has the same default host as tenant a with b-c, whether or not it uses it now."""
    services = Service.objects.exclude(tenant=tenant).annotate(asked=Value(host, output_field=CharField()))
    near = services.filter(asked__contains=F("tenant")).filter(asked__contains=F("name"))
    return any(platform_host(*pair) == host for pair in near.values_list("tenant", "name"))


def is_kept_for_others(host: str, tenant: str) -> bool:
    """Another tenant's next service must find its default host free."""
    others = Tenant.objects.exclude(name=tenant).values_list("name", flat=True)
    return not has_default_form(host, tenant) and any(has_default_form(host, other) for other in others)


def has_default_form(host: str, tenant: str) -> bool:
    """Whether the tenant could have a service with this default host, or the host is the tenant's bare name."""
    before, _, after = platform_host(tenant, SERVICE).partition(SERVICE)
    is_default = host.startswith(before) and host.endswith(after) and len(host) > len(before) + len(after)
    return is_default or host == f"{tenant}.{settings.PLATFORM_DOMAIN}".lower()
