"""The guide's live checks that concern no service: who is asking, which roles they have, and where clients connect."""

from django.conf import settings

from core.actor import Actor, Role
from diagnosis.choices import Verdict
from diagnosis.rules.report.findings import Checked
from tenants.queries import owners_of


def access_answers(actor: Actor, tenant: str) -> dict[str, Checked]:
    """Answers by the id of their check. `tenant` is the one the page is asked about, or ""."""
    return {
        "signed-in": _signed_in(actor),
        "role": _roles(actor, tenant),
        "admin": _admin(actor),
        "token-kind": _kind(actor),
        "address": _address(),
        "reachable": _reachable(),
    }


def _fine(title: str, reason: str) -> Checked:
    return Checked("", "", title, Verdict.RULED_OUT, reason)


def _signed_in(actor: Actor) -> Checked:
    return _fine("Who you are", f"You are {actor.name}, signed in and accepted just now.")


def _kind(actor: Actor) -> Checked:
    return _fine("What you came with", f"This page was asked with a {actor.token_kind} through the door {actor.door}.")


def _roles(actor: Actor, tenant: str) -> Checked:
    role = actor.role_in(tenant) if tenant else None
    if tenant and role is Role.VIEWER:
        asked = ", ".join(owners_of(tenant)[:3])
        reason = f"You are viewer of {tenant}: changes are refused. Ask {asked or 'an owner'} for the role developer."
        return Checked("", "", "Your role", Verdict.CONFIRMED, reason)
    if tenant:
        return _fine("Your role", f"You are {role or 'platform admin'} of {tenant}.")
    if not actor.roles and not actor.is_admin:
        return Checked("", "", "Your role", Verdict.CONFIRMED, "You belong to no tenant, so every tenant is hidden.")
    known = ", ".join(f"{role} of {one}" for one, role in sorted(actor.roles.items())[:6])
    return _fine("Your roles", f"You are {known or 'platform admin'}.")


def _admin(actor: Actor) -> Checked:
    if actor.is_admin:
        return _fine("Taking away services and tenants", "You are platform admin, so you may.")
    reason = "You are no platform admin: retire-service and delete-tenant are refused."
    return Checked("", "", "Taking away services and tenants", Verdict.CONFIRMED, reason)


def _address() -> Checked:
    return _fine("The address of this installation", f"It is exactly {settings.PUBLIC_URL}/mcp, streamable HTTP.")


def _reachable() -> Checked:
    reason = (
        f"This page was answered, so it is from here. From the client's machine: curl {settings.PUBLIC_URL}/healthz"
    )
    return _fine("Whether this installation is reachable", reason)
