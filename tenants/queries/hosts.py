"""Whose a host is."""

from collections.abc import Callable, Collection, Iterator

from integrations.gitops import EVERY_HOST, Route
from tenants.models import HostClaim
from tenants.policies import hosts_overlap

# SQLite takes 32,766 values in one statement.
MOST_ASKED = 20_000


def wildcards_over(host: str) -> list[str]:
    labels = host.split(".")
    return [EVERY_HOST, *(".".join([EVERY_HOST, *labels[start:]]) for start in range(1, len(labels)))]


def claims_in_the_way(routes: Collection[Route], *, tenant: str, service: str) -> Iterator[HostClaim]:
    """What others have of these hosts: another tenant at any path, wildcards included, and a service of this tenant at
    the same path. What is in git comes first. Every claim may be in the way of a wildcard, so take no more than needed.
    """
    places = {(route.host, route.path) for route in routes}
    hosts = {host for host, _ in places}
    if not hosts:
        return
    claims = HostClaim.objects.of_others(tenant, service).order_by("operation", "id")
    asked = hosts.union(*map(wildcards_over, hosts))
    has_wildcard = any(host.startswith(EVERY_HOST) for host in hosts)
    looked_at = claims.iterator() if has_wildcard or len(asked) > MOST_ASKED else claims.filter(host__in=asked)
    for claim in looked_at:
        if claim.tenant == tenant:
            is_in_the_way = (claim.host, claim.path) in places or (claim.operation and claim.host in hosts)
        else:
            is_in_the_way = claim.host in hosts or any(hosts_overlap(claim.host, host) for host in hosts)
        if is_in_the_way:
            yield claim


def hosts_of(tenant: str, service: str) -> list[Route]:
    """Where a service answers as git has it, in the order of its values file."""
    claims = HostClaim.objects.in_git().filter(tenant=tenant, service=service)
    return [Route(claim.host, claim.path, claim.source) for claim in claims]


def holder_name(claim: HostClaim, sees: Callable[[str], bool]) -> str:
    """Never the name of a tenant that somebody does not see."""
    return f"{claim.tenant}/{claim.service}" if sees(claim.tenant) else "another service"
