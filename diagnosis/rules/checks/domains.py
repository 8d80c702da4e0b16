"""Certificates of the service's hosts: Certificate, request, order and challenge, down to the words that decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.patterns import Pattern
from diagnosis.choices import Severity
from diagnosis.rules.facts import routes
from diagnosis.rules.facts.objects import (
    Obj,
    age,
    annotations,
    condition,
    created,
    dig,
    is_true,
    items,
    kind,
    name,
    namespace,
    stamp,
    text_at,
    when,
)
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.patterns.acme_messages import FINAL, acme_cause
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding, ref
from diagnosis.rules.wording import listed, shown

SELF_CHECK = timedelta(minutes=5)
ISSUING = timedelta(minutes=10)
UNKNOWN_HOST = Pattern(r"(?i)no such host|nxdomain")
RETRY = Pattern(r"(?i)retry after (\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?: ?UTC|Z)?)")


@dataclass(frozen=True)
class Issue:
    """One Certificate that is not ready: its chain of objects and what they say, the deepest first."""

    certificate: Obj
    chain: list[Obj]
    said: list[tuple[Obj, str, str]]
    since: datetime | None

    @property
    def hosts(self) -> list[str]:
        names = [str(host) for host in dig(self.certificate, "spec", "dnsNames") or []]
        common = text_at(self.certificate, "spec", "commonName")
        return names or ([common] if common else [])


def certificates(scope: Scope) -> list[Obj]:
    """Certificates for the TLS Secrets of the target's Ingresses, owned by them, or of its application."""
    itself = scope.asked_about("Certificate")
    if itself:
        return itself
    secrets = set(routes.tls_secrets(scope))
    own = {name(obj) for obj in routes.ingresses(scope)}
    hosts = {host for obj in routes.ingresses(scope) for host, _, _, _ in routes.backends(obj) if host}
    return [
        obj for obj in scope.snapshot.all("Certificate", scope.namespace)
        if text_at(obj, "spec", "secretName") in secrets
        or any(entry.get("kind") == "Ingress" and entry.get("name") in own for entry in owners(obj))
        or hosts & set(dig(obj, "spec", "dnsNames") or []) or scope.in_application(obj)
    ]  # fmt: skip


def owners(obj: Obj) -> list[Obj]:
    return items(obj, "metadata", "ownerReferences")


def check_certificates(scope: Scope) -> Iterator[Finding]:
    for certificate in certificates(scope):
        renewing = is_true(certificate, "Issuing")
        if is_true(certificate, "Ready") and not renewing:
            continue
        issue = _issue(scope, certificate)
        found = _judged(scope, issue)
        if found.severity != Severity.NOTICE or not is_true(certificate, "Ready"):
            yield found


def _issue(scope: Scope, certificate: Obj) -> Issue:
    requests = _newest(_requests(scope, certificate))
    orders = [order for request in requests for order in _newest(scope.snapshot.children(request, "Order"))]
    challenges = [entry for order in orders for entry in scope.snapshot.children(order, "Challenge")]
    challenges = challenges or _of_host(scope, certificate)
    chain = [*challenges, *orders, *requests, certificate]
    said = [(obj, path, message) for obj in chain for path, message in _messages(obj) if message]
    issuer = _issuer(scope, certificate)
    if issuer is not None and text_at(condition(issuer, "Ready"), "status") == "False":
        said.append((issuer, "status.conditions[Ready].message", text_at(condition(issuer, "Ready"), "message")))
    for obj in chain:
        said += [
            (obj, "events[].message", event.message)
            for event in reversed(scope.events_of(obj))
            if event.type == "Warning"
        ]
    since = when(condition(certificate, "Issuing").get("lastTransitionTime")) or when(
        condition(certificate, "Ready").get("lastTransitionTime")
    )
    started = created(requests[0]) if requests else None
    return Issue(
        certificate, chain, said, min((moment for moment in (since, started) if moment), default=created(certificate))
    )


def _of_host(scope: Scope, certificate: Obj) -> list[Obj]:
    """Challenges of its hosts, where the objects between were not read."""
    hosts = dig(certificate, "spec", "dnsNames") or []
    found = scope.snapshot.all("Challenge", namespace(certificate))
    return [obj for obj in found if text_at(obj, "spec", "dnsName") in hosts]


def _requests(scope: Scope, certificate: Obj) -> list[Obj]:
    found = scope.snapshot.children(certificate, "CertificateRequest")
    named = [
        obj for obj in scope.snapshot.all("CertificateRequest", namespace(certificate))
        if annotations(obj).get("cert-manager.io/certificate-name") == name(certificate)
    ]  # fmt: skip
    return found or named


def _newest(objs: list[Obj]) -> list[Obj]:
    return sorted(objs, key=lambda obj: str(created(obj)), reverse=True)[:1]


def _messages(obj: Obj) -> list[tuple[str, str]]:
    if kind(obj) in {"Challenge", "Order"}:
        return [("status.reason", text_at(obj, "status", "reason"))]
    types = ("Ready", "Issuing", "InvalidRequest", "Denied")
    return [(f"status.conditions[{type_}].message", text_at(condition(obj, type_), "message")) for type_ in types]


def _issuer(scope: Scope, certificate: Obj) -> Obj | None:
    wanted = text_at(certificate, "spec", "issuerRef", "kind") or "Issuer"
    where = "" if wanted == "ClusterIssuer" else namespace(certificate)
    return scope.snapshot.get(wanted, where, text_at(certificate, "spec", "issuerRef", "name"))


def _judged(scope: Scope, issue: Issue) -> Finding:
    waits = age(scope.now, issue.since)
    telling = [(obj, path, said) for obj, path, said in issue.said if acme_cause(said) and kind(obj) != "Certificate"]
    telling = telling or [entry for entry in issue.said if acme_cause(entry[2]) == "acme-rate-limited"]
    limited = next((entry for entry in issue.said if acme_cause(entry[2]) == "acme-rate-limited"), None)
    if limited:
        return _rate_limited(scope, issue, *limited)
    pending = telling[0] if telling else None
    if pending and (
        FINAL.search(pending[2]) or _is_over(issue) or (waits is not None and waits > _patience(pending[2]))
    ):
        return _not_pointed(scope, issue, *pending)
    if waits is None or waits <= ISSUING:
        return _issuing(issue, pending)
    return _not_ready(issue)


def _is_over(issue: Issue) -> bool:
    """The order or a challenge has ended: the authority has given its answer."""
    return any(text_at(obj, "status", "state") in {"invalid", "errored", "expired"} for obj in issue.chain)


def _patience(message: str) -> timedelta:
    return SELF_CHECK if "no such host" in message else ISSUING


def _base(issue: Issue) -> list[Evidence]:
    certificate = issue.certificate
    ready = condition(certificate, "Ready")
    return [
        field_fact(
            certificate,
            "status.conditions[Ready].reason",
            text_at(ready, "reason") or "none",
            shown(text_at(ready, "message"), 160) or "not ready",
            when(ready.get("lastTransitionTime")),
        )
    ]


def _quote(obj: Obj, path: str, message: str) -> Evidence:
    return Evidence("object", f"the {kind(obj)} says", ref(obj), path, shown(message), None, True)


def _failing_host(issue: Issue, obj: Obj, message: str) -> str:
    named = text_at(obj, "spec", "dnsName")
    return named or next((host for host in issue.hosts if host in message), "") or listed(issue.hosts)


def _not_pointed(scope: Scope, issue: Issue, obj: Obj, path: str, message: str) -> Finding:
    host = _failing_host(issue, obj, message)
    default = _default_host(scope, host)
    what = "has no DNS record (no such host)" if UNKNOWN_HOST.search(message) else "does not lead to this platform"
    title = f"The domain {host} {what}, so its certificate cannot be issued"
    detail = (
        f"The certificate authority's check has failed since {stamp(issue.since)}. Create the record {host} "
        f"CNAME {default or 'the default host of the service'}."
    )
    detail += f" The platform host {default} is not concerned." if default else ""
    options = [
        remedies.say(f"Create the DNS record {host} CNAME {default or '(the default host)'} at the DNS provider"),
        remedies.verify_domain(scope, host),
    ]
    return finding(
        "domain-dns-not-pointed", title, detail, [*_base(issue), _quote(obj, path, message)], options, key=host
    )


def _default_host(scope: Scope, host: str) -> str:
    """Another host of the Ingresses that is not being issued: the platform's own."""
    others = [
        entry for obj in routes.ingresses(scope) for entry, _, _, _ in routes.backends(obj) if entry and entry != host
    ]
    own = [entry for entry in others if entry.split(".")[0] in {f"{scope.namespace}-{scope.service}", scope.service}]
    return (own or others or [""])[0]


def _rate_limited(scope: Scope, issue: Issue, obj: Obj, path: str, message: str) -> Finding:
    retry = RETRY.search(message)
    until = f" until {retry.group(1)}" if retry else ""
    title = f"The certificate authority refuses new orders for {listed(issue.hosts)} for now: rate limit{until}"
    detail = f"It says: {shown(message, 240)} Trying again sooner only lengthens it."
    options = [remedies.say(f"Wait{until or ' until the limit resets'}; do not delete and recreate the Certificate")]
    return finding(
        "acme-rate-limited",
        title,
        detail,
        [*_base(issue), _quote(obj, path, message)],
        options,
        key=listed(issue.hosts),
    )


def _issuing(issue: Issue, pending: tuple[Obj, str, str] | None) -> Finding:
    title = f"The certificate for {listed(issue.hosts)} was requested at {stamp(issue.since)} and is being issued"
    evidence = [*_base(issue), *([_quote(*pending)] if pending else [])]
    return finding(
        "certificate-issuing",
        title,
        "The first checks may fail while the route comes up. Nothing needs doing.",
        evidence,
        [remedies.say("Wait a few minutes")],
        key=name(issue.certificate),
    )


def _not_ready(issue: Issue) -> Finding:
    said = issue.said[0][2] if issue.said else "nothing says why"
    title = (
        f"The certificate for {listed(issue.hosts)} has not been ready since {stamp(issue.since)}: {shown(said, 200)}"
    )
    evidence = [*_base(issue), *[_quote(*entry) for entry in issue.said[:3]]]
    return finding(
        "certificate-not-ready",
        title,
        "",
        evidence,
        [remedies.ask_platform("look at cert-manager and its issuer")],
        severity=Severity.WARNING,
        key=name(issue.certificate),
    )
