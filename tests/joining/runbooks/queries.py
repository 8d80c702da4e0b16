"""Reads of runbooks: lists from the mirror, the text from git."""

from collections.abc import Sequence

from core.actor import Actor
from core.errors import NotFound
from integrations.errors import Missing
from integrations.gitops import gitops
from tenants.queries import access_tenant
from tests.joining.runbooks.models import Runbook


def runbook_path(tenant: str, service: str) -> str:
    return f"{gitops().service_folder(tenant, service)}runbook.md"


def runbook_in_git(tenant: str, service: str) -> str | None:
    """The text, None where the service has none. Raises Unreachable."""
    try:
        return gitops().file_at(runbook_path(tenant, service)).text
    except Missing:
        return None


def runbook_of(tenant: str, service: str) -> Runbook | None:
    return Runbook.objects.filter(tenant=tenant, service=service).first()


def runbooks_of(actor: Actor, tenant: str) -> Sequence[Runbook]:
    """Raises NotFound for a tenant that is absent or hidden."""
    access_tenant(actor, tenant)
    return list(Runbook.objects.filter(tenant=tenant).order_by("service"))


def one_runbook(actor: Actor, tenant: str, name: str) -> Runbook:
    """Raises NotFound for one that is absent or hidden."""
    found = next((one for one in runbooks_of(actor, tenant) if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no runbook {name}.")
    return found
