"""What a person, a script or an agent asks about: a service, a job, a domain, a database, an operation, or a tenant.

Looking up is asking permission: what is hidden answers like what is absent, and the nearest visible names are offered.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import structlog

from core import clock
from core.actor import Actor
from core.diagnosis import Target
from core.errors import Invalid, NotFound, Problem, Unavailable, shorten
from core.resource_names import database_name
from diagnosis.queries.live import diagnose_service, look_live
from diagnosis.queries.wrong_now import wrong_now
from diagnosis.registry import targets
from diagnosis.rules.facts.objects import dig, items, name, namespace, text_at
from integrations.errors import Missing, Refused
from integrations.kubernetes import Right, cluster, kinds
from operations.queries import access_operation, operation_view
from services.queries import access_service
from tenants.queries import access_tenant

log = structlog.get_logger(__name__)

FINDING = "finding a job or domain or database by its name"
RIGHTS = (
    Right(kinds.CRON_JOBS, ("list",), FINDING),
    Right(kinds.JOBS, ("list",), FINDING),
    Right(kinds.INGRESSES, ("list",), FINDING),
    Right(kinds.CERTIFICATES, ("list",), FINDING, is_optional=True),
    Right(kinds.POSTGRES_DATABASES, ("list",), FINDING, is_optional=True),
)


def diagnose_asked(actor: Actor, *, team: str = "", **about: str) -> dict[str, Any]:
    """`Diagnosis.as_dict()` of the one subject named; of the tenant, or of all there is, where none is.

    Raises NotFound, Invalid for more than one subject, and Unavailable where nothing could be read.
    """
    kind, value = subject_of({kind: value[:253] for kind, value in about.items()})
    if not kind:
        return wrong_now(actor, team)
    answer = ANSWERS.get(kind)
    return answer(actor, team, value) if answer else _live(find_declared(actor, kind, team, value))


def subject_of(about: Mapping[str, str]) -> tuple[str, str]:
    """(kind, name) of the one thing asked about, empty for none. Raises Invalid for more than one."""
    given = {kind: value for kind, value in about.items() if value}
    if len(given) > 1:
        fields = [
            {"field": kind, "value": value, "sentence": "One subject only.", "example": ""}
            for kind, value in given.items()
        ]
        remedy = f"Leave out all but one of {', '.join(given)}."
        raise Invalid("Ask about one thing at a time.", fields=fields, remedy=remedy)
    return next(iter(given.items()), ("", ""))


def of_service(actor: Actor, team: str, service: str) -> dict[str, Any]:
    access_service(actor, tenant=team, name=service)
    return diagnose_service(team, service)


def find_declared(actor: Actor, kind: str, team: str, value: str) -> Target:
    """By the finder of the app that declared it, for an actor who sees the tenant.

    Raises what the finder raises of its own accord, and Unavailable where it has a mistake.
    """
    access_tenant(actor, team)
    try:
        found = targets()[kind].find(actor, team, value)
        if found.kind not in targets()[kind].reads:
            raise ValueError(f"The finder of {kind} returned a {found.kind}, which its declaration does not read.")
    except Problem:
        raise
    except Exception as error:
        log.exception("finder_failed", kind=kind)
        raise Unavailable(
            f"Looking up the {kind} ended in an error inside MCTL.",
            remedy="Tell the platform team; the log has the details.",
        ) from error
    return replace(found, declared=kind)


def find_job(actor: Actor, team: str, value: str) -> Target:
    known = {}
    for row in (kinds.CRON_JOBS, kinds.JOBS):
        known.update({name(obj): row.kind for obj in cluster().list(row, namespace=team)})
    if value not in known:
        raise _unknown("job", value, team, known)
    return Target(known[value], team, value)


def find_domain(actor: Actor, team: str, value: str) -> Target:
    """By the Ingress that serves the host, else by the Certificate that was asked for it.

    The right to Certificates is optional: its refusal is raised only for a host that no Ingress serves.
    """
    hosts, refused = {}, None
    try:
        for obj in cluster().list(kinds.CERTIFICATES, namespace=team):
            hosts.update(
                {str(host): Target("Certificate", team, name(obj)) for host in dig(obj, "spec", "dnsNames") or []}
            )
    except Missing:
        pass  # a cluster without cert-manager has Ingresses all the same
    except Refused as error:
        refused = error
    for obj in cluster().list(kinds.INGRESSES, namespace=team):
        hosts.update(
            {text_at(rule, "host"): Target("Ingress", team, name(obj)) for rule in items(obj, "spec", "rules")}
        )
    wanted = value.strip().lower().rstrip(".")
    if wanted not in hosts:
        raise refused or _unknown("domain", value, team, hosts)
    return hosts[wanted]


def find_database(actor: Actor, team: str, service: str) -> Target:
    """The Database object that was made for a service."""
    access_service(actor, tenant=team, name=service)
    try:
        found = cluster().list(kinds.POSTGRES_DATABASES)
    except Missing:
        found = []
    for obj in found:
        if text_at(obj, "spec", "name") == database_name(team, service):
            return Target("Database", namespace(obj), name(obj))
    raise _unknown("database", service, team, ())


def _unknown(what: str, value: str, team: str, known: Iterable[str]) -> NotFound:
    near = get_close_matches(value[:253], list(known), n=3, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"See what {team} has, or ask one of its owners."
    return NotFound(f"There is no {what} {shorten(value)!r} in {team}.", remedy=remedy, nearest=near)


def _live(target: Target) -> dict[str, Any]:
    found, _ = look_live(target)
    if found.sources and not any(source.ok for source in found.sources):
        raise Unavailable("The cluster cannot be asked right now.", error=found.sources[0].error)
    return found.as_dict()


def of_operation(actor: Actor, team: str, public_id: str) -> dict[str, Any]:
    """Why an operation failed, by the findings it kept; why an open one does not get on, by its service as it is."""
    operation = access_operation(actor, public_id)
    view = operation_view(actor, operation)
    found: dict[str, Any] = dict(operation.diagnosis)
    if view.is_open and operation.service:
        found = diagnose_service(operation.tenant, operation.service)
    findings = found.get("findings", [])
    return {
        "target": {"kind": "Operation", "namespace": operation.tenant, "name": public_id},
        "healthy": (view.is_open and not findings) or view.state == "succeeded",
        "sentence": view.headline,
        "findings": findings,
        "checked": found.get("checked", []),
        "sources": found.get("sources", []),
        "observed_at": found.get("observed_at") or clock.now().isoformat(),
    }


# What is asked about in another way than by an object of the cluster.
ANSWERS: Mapping[str, Callable[[Actor, str, str], dict[str, Any]]] = {"service": of_service, "operation": of_operation}
