"""Who may see and administer a tenant, which role a GitHub team gives, and which hosts a tenant may ask for. Pure rules
that explain themselves."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from django.conf import settings

from core.actor import Actor, Decision, MissingRight, Role, Scope, needs_scope, scope_for
from core.names import HOST

# Letters before pairs: c1 reads like cl, and cl like d.
READ_AS = (("-", ""), ("0", "o"), ("1", "l"), ("i", "l"), ("rn", "m"), ("vv", "w"), ("cl", "d"))
NOTHING: Mapping[str, str] = MappingProxyType({})


def may_manage_members(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.OWNER, tenant=tenant, doing="Changing who is a member")


def role_in_words(actor: Actor, tenant: str) -> str:
    """What the actor is to the tenant, in words: "developer of payments" or "platform admin"."""
    role = actor.role_in(tenant)
    if role is not None:
        return f"{role.value} of {tenant}"
    return "platform admin" if actor.is_admin else f"no member of {tenant}"


def needs_role(actor: Actor, role: Role, *, tenant: str, doing: str) -> Decision:
    """The common shape of a role rule. `doing` begins the refusal: "Deploying a service"."""
    if actor.at_least(role, tenant=tenant):
        return Decision(True, f"{actor.name} is {role_in_words(actor, tenant)}.")
    if actor.is_entitled(role, tenant=tenant):
        return needs_scope(actor, scope_for(role), tenant=tenant, needed=role, doing=doing)
    return Decision(
        False,
        f"{doing} needs the {role.value} role in {tenant}; you are {role_in_words(actor, tenant)}.",
        f"Ask an owner of {tenant} to make you a {role.value}.",
        missing_right=MissingRight(tenant, role, actor.role_in(tenant), actor.resolved_at),
    )


def needs_admin(actor: Actor, *, tenant: str, doing: str) -> Decision:
    """The rule of what takes away for good: platform admins only, with a token of the scope admin."""
    if not actor.is_admin:
        return Decision(
            False,
            f"{doing} needs a platform admin; you are {role_in_words(actor, tenant)}.",
            missing_right=MissingRight(tenant, None, actor.role_in(tenant), actor.resolved_at),
        )
    if Scope.ADMIN not in actor.scopes:
        return needs_scope(actor, Scope.ADMIN, tenant=tenant, needed=None, doing=doing)
    return Decision(True, f"{actor.name} is platform admin.")


def team_of(tenant: str, github_team: str) -> str:
    """The slug of the tenant's team: as its values file says, else the tenant's own name."""
    return (github_team or tenant).lower()


def team_roles(team: str, own: Mapping[str, str] = NOTHING) -> Mapping[str, Role]:
    """Which team gives which role in the tenant of that team: by the tenant's own mapping where its values file has
    one, else by that of MCTL_TEAM_ROLES. A role that is none of ours gives nothing."""
    entries = own.items() if own else (tuple(entry.rsplit("=", 1)) for entry in settings.TEAM_ROLES)
    named = ((pattern.replace("{team}", team).lower(), role) for pattern, role in entries)
    return {slug: Role(role) for slug, role in named if role in set(Role)}


def team_giving(role: Role, team: str, own: Mapping[str, str] = NOTHING) -> str:
    """The team of a tenant that gives this role, or the next greater one where none gives it; "" for none at all."""
    giving = sorted((given.rank, slug) for slug, given in team_roles(team, own).items() if given.rank >= role.rank)
    return giving[0][1] if giving else ""


def may_ask_for_host(host: str) -> Decision:
    """Whether a tenant may have this host if nobody has it: one name in plain letters under the platform's domain."""
    domain = settings.PLATFORM_DOMAIN.lower()
    read_alike = {lookalike_form(name): name for name in platform_hosts()}
    name = read_alike.get(lookalike_form(host), "")
    if "*" in host:
        reason = f"A wildcard host would also answer for other services: {host}."
    elif name:
        reason = f"{host} is the platform's own." if host == name else f"{host} reads like {name}, the platform's own."
    elif above := next((one for one in platform_hosts() - {domain} if host.endswith(f".{one}")), ""):
        reason = f"{host} lies under {above}, the platform's own."
    elif not HOST.fullmatch(host) or any(label.startswith("xn--") for label in host.split(".")):
        reason = f"{host} may read like another host: only plain letters, digits and dashes are taken."
    elif not host.endswith(f".{domain}"):
        reason = f"{host} is not under {domain}. Custom domains are not supported yet."
    else:
        return Decision(True, f"{host} is under {domain}.")
    return Decision(False, reason, f"Choose a host under {domain}.")


def platform_hosts() -> set[str]:
    """The bare domain, MCTL's own host, and those that the settings reserve."""
    domain = settings.PLATFORM_DOMAIN.lower()
    reserved = {name.lower() if "." in name else f"{name.lower()}.{domain}" for name in settings.RESERVED_HOSTS}
    return {domain, urlsplit(settings.PUBLIC_URL).hostname or domain, *reserved}


def hosts_overlap(one: str, other: str) -> bool:
    """Whether a request can be for both: equal names, or one is a wildcard that covers the other."""
    return one == other or any(
        wildcard.startswith("*") and host.endswith(wildcard[1:]) for wildcard, host in ((one, other), (other, one))
    )


def lookalike_form(host: str) -> str:
    """Equal for hosts that a hurried reader takes for one another."""
    for shown, read in READ_AS:
        host = host.replace(shown, read)
    return host
