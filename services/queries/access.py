"""Looking up a service is asking permission."""

from core.actor import Actor
from core.errors import NotFound
from services.models import Service


def access_service(actor: Actor, *, tenant: str, name: str) -> Service:
    """The service, or NotFound with the same words whether it is absent or hidden."""
    service = Service.objects.filter(tenant=tenant, name=name).first() if actor.sees(tenant) else None
    if service is None:
        raise NotFound(
            f"There is no service {name[:63]!r} in {tenant[:63]!r} that you can see.",
            remedy="Check both names, or ask an owner of the tenant to add you.",
            tenant=tenant[:63],
            service=name[:63],
        )
    return service
