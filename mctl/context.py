"""What every page's frame shows: who is signed in, their tenants, and how old the sources are."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.actor import Actor
from operations.queries import running_count
from tenants.queries import sources


def shell(request: HttpRequest) -> dict[str, Any]:
    """Lazy, so that a part, which has no frame, pays nothing."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return {"actor": None}
    return {
        "actor": actor,
        "shell_sources": SimpleLazyObject(sources),
        "shell_running": SimpleLazyObject(lambda: running_count(actor)),
        "shell_tenants": sorted(actor.roles),
    }
