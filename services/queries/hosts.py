"""Where a service answers, and whether another one claims to answer there too."""

from dataclasses import dataclass

from core.actor import Actor
from services.models import Service
from tenants.queries import claims_in_the_way, holder_name, hosts_of

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class ServiceHosts:
    """`names` are in the order of the values file. `conflict` is a sentence, empty where nobody else has one."""

    names: list[str]
    conflict: str


def service_hosts(actor: Actor, service: Service) -> ServiceHosts:
    routes = hosts_of(service.tenant, service.name)
    claims = claims_in_the_way(routes, tenant=service.tenant, service=service.name)
    holders = {claim.host: holder_name(claim, actor.sees) for claim in claims if not claim.operation}
    said = [f"{host} belongs to {holder} too." for host, holder in list(holders.items())[:MOST_NAMED]]
    known = [service.host] if service.host else []
    names = list(dict.fromkeys(route.host for route in routes)) or known
    return ServiceHosts(names, " ".join(said and [*said, "Which of the services answers is left to chance."]))
