"""Where a service answers, and whether another one claims to answer there too."""

from dataclasses import dataclass
from itertools import islice

from django.conf import settings

from core.actor import Actor
from core.resource_names import default_host
from services.models import Service
from tenants.policies import hosts_overlap
from tenants.queries import claims_in_the_way, holder_name, hosts_of

MOST_NAMED = 3
# Every host of the platform is in the way of a wildcard.
MOST_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class ServiceHosts:
    """`names` are in the order of the values file. `conflict` is a sentence, empty where nobody else has one."""

    names: list[str]
    conflict: str


def platform_host(tenant: str, service: str) -> str:
    """The host that a service gets where it asks for none of its own."""
    return default_host(tenant, service, template=settings.DEFAULT_HOST_TEMPLATE, domain=settings.PLATFORM_DOMAIN)


def service_hosts(actor: Actor, service: Service) -> ServiceHosts:
    routes = hosts_of(service.tenant, service.name)
    names = list(dict.fromkeys(route.host for route in routes))
    claims = claims_in_the_way(routes, tenant=service.tenant, service=service.name)
    said: dict[str, str] = {}
    for claim in islice(claims, MOST_LOOKED_AT):
        # Only hosts of this service are named: a wildcard of it overlaps hosts of tenants that nobody here may see.
        host = claim.host if claim.host in names else next(name for name in names if hosts_overlap(name, claim.host))
        holder = holder_name(claim, actor.sees)
        if not claim.operation:
            is_equal = host == claim.host
            said.setdefault(
                host, f"{host} belongs to {holder} too." if is_equal else f"{host} overlaps one of {holder}."
            )
    known = [service.host] if service.host else []
    conflicts = list(said.values())[:MOST_NAMED]
    return ServiceHosts(names or known, " ".join(conflicts and [*conflicts, "Requests may reach either service."]))
