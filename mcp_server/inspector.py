"""Says what a token is, whose, until when, and which check fails. The token is looked at and forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.choices import TokenKind
from accounts.errors import TokenRefused
from accounts.queries import Bearer, failure_of, recognise, verify_for_any_door
from accounts.queries.resources import door_address
from accounts.queries.token_shapes import bearer_of, read_unverified
from core.actor import Actor, Door, Scope
from core.errors import Problem
from integrations.errors import Unreachable
from mcp_server.verdicts import Verdict, bad, doubtful, good, unknown
from tenants.queries import actor_for, owners_of

LONGEST_CLAIM = 100
MOST_GROUPS = 20


@dataclass(frozen=True, slots=True)
class Inspection:
    """`facts` are `{label, value}` as the component shows them, claims included that nobody has verified."""

    facts: list[dict[str, str]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


def inspect_token(viewer: Actor, text: str, *, tenant: str = "") -> Inspection:
    """Of a token, or of a whole Authorization header. Facts about tenants are those that the viewer may see."""
    header = text.strip()
    if not header.lower().startswith("bearer"):
        header = f"Bearer {header}"
    try:
        token = bearer_of(header)
    except Problem as problem:
        return Inspection(verdicts=[bad(problem.sentence, problem.remedy)])
    kind = recognise(token)
    facts = [{"label": "Looks like", "value": kind.label}, *_claims(token)]
    try:
        bearer = verify_for_any_door(token)
    except TokenRefused as refused:
        return Inspection(facts, [bad(refused.sentence, refused.remedy)])
    except Unreachable as away:
        return Inspection(facts, [unknown(away.sentence, "Nobody gets in until it answers. Try again in a minute.")])
    owner = actor_for(bearer.login, door=Door.WEB)
    return Inspection([*facts, *_proven(bearer, owner)], list(_verdicts(viewer, bearer, owner, tenant.strip().lower())))


def inspect_request(viewer: Actor, request_id: str) -> Inspection:
    """Of a refused request in the last fifteen minutes, by the id that its answer carried. What was said to a known
    person is theirs: it may name a tenant that the viewer does not see."""
    failure = failure_of(request_id.strip())
    if failure is None or not (failure["name"] in {"", viewer.name} or viewer.is_admin):
        remedy = "Ids are kept for fifteen minutes. Repeat the request and take the request_id of its answer."
        return Inspection(verdicts=[unknown("No refused request of that id is known.", remedy)])
    recognised = failure["facts"].get("recognised", "")
    facts = [("Refused at", failure["at"][:19].replace("T", " ") + " UTC"), ("Door", failure["door"]),
             ("Looked like", recognised), ("Code", failure["code"])]  # fmt: skip
    return Inspection(
        [{"label": label, "value": str(value)} for label, value in facts if value],
        [bad(failure["sentence"], failure["remedy"])],
    )


def _claims(token: str) -> list[dict[str, str]]:
    """What a JWT says of itself."""
    claims = read_unverified(token)
    ends = claims.get("exp")
    said: list[tuple[str, Any]] = [
        ("Issuer", claims.get("iss")),
        ("Audience", claims.get("aud")),
        ("Expires", _moment(ends)),
        ("Groups", claims.get("groups")),
    ]
    return [{"label": label, "value": _claim_as_text(value)} for label, value in said if value]


def _claim_as_text(value: Any) -> str:
    text = ", ".join(str(one) for one in value[:MOST_GROUPS]) if isinstance(value, list) else str(value)
    return text[:LONGEST_CLAIM]


def _moment(value: Any) -> str:
    try:
        return datetime.fromtimestamp(float(value), UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _proven(bearer: Bearer, owner: Actor) -> Iterator[dict[str, str]]:
    yield {"label": "Person", "value": bearer.login}
    yield {"label": "Scopes", "value": ", ".join(sorted(bearer.scopes))}
    yield {"label": "Tenants", "value": ", ".join(f"{one} ({role})" for one, role in sorted(owner.roles.items()))}
    if bearer.only_door:
        yield {"label": "Only for", "value": door_address(bearer.only_door)}
    if bearer.expires_at and bearer.kind is not TokenKind.DEX:
        yield {"label": "Expires", "value": bearer.expires_at.strftime("%Y-%m-%d %H:%M UTC")}


def _verdicts(viewer: Actor, bearer: Bearer, owner: Actor, tenant: str) -> Iterator[Verdict]:
    yield good(f"The token is in force and proves {bearer.login}.")
    if not owner.roles and not owner.is_admin:
        yield bad(
            f"{bearer.login} belongs to no tenant, so every tenant answers as if it did not exist.",
            "Check the membership in the GitHub organisation and its teams, or ask a tenant's owner.",
        )
    elif tenant:
        yield _tenant_verdict(viewer, owner, tenant)
    if Scope.WRITE not in bearer.scopes:
        yield doubtful("It may read only.", "Changes need a token with the scope write.")
    if bearer.kind.is_foreign:
        yield _foreign_verdict(bearer.kind)


def _tenant_verdict(viewer: Actor, owner: Actor, tenant: str) -> Verdict:
    if owner.sees(tenant):
        role = owner.role_in(tenant)
        return good(f"{owner.name} is {role.value if role else 'platform admin'} in {tenant[:63]}.")
    asked = owners_of(tenant) if viewer.sees(tenant) else []
    whom = (
        f"Ask {', '.join(asked[:3])}."
        if asked
        else "Check the name and the GitHub team, or ask an owner of the tenant."
    )
    return bad(f"{owner.name} is not a member of {tenant[:63]}, or there is no such tenant.", whom)


def _foreign_verdict(kind: TokenKind) -> Verdict:
    remedy = "Better connect with OAuth or use a personal token, which were issued for this server."
    if not settings.MCP_FOREIGN_TOKENS:
        return bad(f"A {kind.label} is not taken on /mcp here.", remedy)
    return doubtful(f"A {kind.label} was issued for something else; every use on /mcp is noted in the audit.", remedy)
