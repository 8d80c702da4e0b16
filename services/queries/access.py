"""Looking up a service is asking permission."""

from difflib import get_close_matches

from core.actor import Actor
from core.errors import NotFound
from core.security_events import count_unseen
from services.models import Service

NAMES_COMPARED = 500


def access_service(actor: Actor, *, tenant: str, name: str) -> Service:
    """The service, or NotFound with the same words whether it is absent or hidden."""
    service = Service.objects.filter(tenant=tenant, name=name).first() if actor.sees(tenant) else None
    if service is None:
        if not actor.sees(tenant):
            count_unseen(actor, "services.see", tenant=tenant, target=f"{tenant}/{name}")
        near = nearest_services(actor, tenant=tenant, name=name)
        raise NotFound(
            f"There is no service {name[:63]!r} in {tenant[:63]!r} that you can see.",
            remedy=f"Did you mean {' or '.join(near)}?"
            if near
            else "Check both names, or ask an owner of the tenant to add you.",
            ours=not near,
            tenant=tenant[:63],
            service=name[:63],
            nearest=near,
        )
    return service


def nearest_services(actor: Actor, *, tenant: str, name: str) -> list[str]:
    """Up to three visible services named nearly so, as TENANT/SERVICE: of that tenant first, then of that very name."""
    visible = Service.objects.all() if actor.sees_everything else Service.objects.of(actor.seen_tenants())
    here = visible.filter(tenant=tenant).values_list("name", flat=True)[:NAMES_COMPARED]
    alike = get_close_matches(name[:63], list(here), n=3, cutoff=0.6)
    elsewhere = visible.filter(name=name).exclude(tenant=tenant).values_list("tenant", "name")[:3]
    found = [f"{tenant}/{one}" for one in alike] + [f"{other}/{one}" for other, one in elsewhere]
    return found[:3]
