"""The Ingress in front of the Service: missing backend, missing class, a host claimed twice, a missing TLS Secret."""

from collections.abc import Iterator

from diagnosis.choices import Severity
from diagnosis.rules.facts import routes
from diagnosis.rules.facts.network import near_services
from diagnosis.rules.facts.objects import Obj, annotations, created, items, name, namespace, number_at, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Finding, field_fact, finding
from diagnosis.rules.wording import listed

ISSUERS = (
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
    "kubernetes.io/tls-acme",
    "cert-manager.io/issuer-kind",
)
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def check_ingress_backends(scope: Scope) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    if not scope.snapshot.readable("Service"):
        return
    for ingress in routes.ingresses(scope):
        for host, path, wanted, port in routes.backends(ingress):
            service = scope.snapshot.get("Service", namespace(ingress), wanted)
            missing_port = service is not None and not _offers(service, port)
            if not wanted or (service is not None and not missing_port) or (wanted, str(port)) in told:
                continue
            told.add((wanted, str(port)))
            asked = text_at(port, "number") or text_at(port, "name")
            near = near_services(scope, wanted)
            what = (
                f"port {asked} of the Service {wanted}, which it does not offer"
                if missing_port
                else f"the Service {wanted}, which does not exist"
            )
            title = f"The Ingress {name(ingress)} sends {host or 'every host'}{path} to {what} in {namespace(ingress)}"
            offered = listed([str(number_at(entry, "port")) for entry in items(service, "spec", "ports")])
            hint = f"It offers {offered}." if missing_port else (f"Named nearly so: {listed(near)}." if near else "")
            evidence = [
                field_fact(
                    ingress, "spec.rules[].http.paths[].backend.service", f"{wanted}:{asked}", "where it sends requests"
                )
            ]
            yield finding(
                "ingress-service-missing",
                title,
                f"Requests get 503 or 404. {hint}".strip(),
                evidence,
                [remedies.say("Correct the Ingress' backend")],
                key=f"{wanted}:{asked}",
            )


def _offers(service: Obj, port: Obj) -> bool:
    offered = items(service, "spec", "ports")
    if port.get("number") is not None:
        return any(number_at(entry, "port") == int(port["number"]) for entry in offered)
    return not port.get("name") or any(entry.get("name") == port["name"] for entry in offered)


def check_ingress_class(scope: Scope) -> Iterator[Finding]:
    if not scope.snapshot.readable("IngressClass"):
        return
    classes = scope.snapshot.all("IngressClass")
    known = [name(obj) for obj in classes]
    default = [name(obj) for obj in classes if annotations(obj).get(DEFAULT_CLASS) == "true"]
    for ingress in routes.ingresses(scope):
        asked = routes.ingress_class(ingress)
        by_annotation = not text_at(ingress, "spec", "ingressClassName") and bool(asked)
        served = bool(items(ingress, "status", "loadBalancer", "ingress"))
        if asked in known or (not asked and (default or served)) or (by_annotation and (served or not known)):
            continue
        what = (
            f"names the class {asked}, which does not exist" if asked else "names no class and there is no default one"
        )
        title = f"The Ingress {name(ingress)} {what}, so no controller serves it"
        hosts = listed([host for host, _, _, _ in routes.backends(ingress) if host])
        evidence = [field_fact(ingress, "spec.ingressClassName", asked or "none", "the class it names")]
        evidence += [field_fact(obj, "metadata.name", name(obj), "a class that exists") for obj in classes[:4]]
        detail = f"{hosts or 'Its hosts'} cannot be reached. Classes: {listed(known) or 'none'}."
        options = [remedies.say(f"Set the class to {(default or known or ['one that exists'])[0]}")]
        yield finding("ingress-class-missing", title, detail, evidence, options, key=name(ingress))


def check_host_conflict(scope: Scope) -> Iterator[Finding]:
    own = routes.ingresses(scope)
    names = {routes.full_name(obj) for obj in own}
    others = [
        obj for obj in scope.snapshot.all("Ingress")
        if routes.full_name(obj) not in names and not routes.is_solver(obj) and not _is_canary(obj)
    ]  # fmt: skip
    for ingress in own:
        claims = {(host, path) for host, path, _, _ in routes.backends(ingress) if host}
        for other in others:
            if _is_canary(ingress) or not _same_class(scope, ingress, other):
                continue
            shared = [(host, path) for host, path, _, _ in routes.backends(other) if (host, path) in claims]
            if shared:
                yield _conflict(scope, ingress, other, *shared[0])


def _is_canary(ingress: Obj) -> bool:
    return annotations(ingress).get("nginx.ingress.kubernetes.io/canary") == "true"


def _same_class(scope: Scope, one: Obj, other: Obj) -> bool:
    default = next(
        (name(obj) for obj in scope.snapshot.all("IngressClass") if annotations(obj).get(DEFAULT_CLASS) == "true"), ""
    )
    return (routes.ingress_class(one) or default) == (routes.ingress_class(other) or default)


def _conflict(scope: Scope, ingress: Obj, other: Obj, host: str, path: str) -> Finding:
    elder = min((ingress, other), key=lambda obj: str(created(obj)))
    title = (
        f"The host {host} with path {path} is claimed by two Ingresses: "
        f"{routes.full_name(ingress)} and {routes.full_name(other)}"
    )
    effect = (
        f"The older one, {routes.full_name(elder)}, usually wins"
        if elder is other
        else "Which one wins depends on the controller"
    )
    evidence = [
        field_fact(ingress, "spec.rules[].host", f"{host}{path}", "this service's claim", created(ingress)),
        field_fact(other, "spec.rules[].host", f"{host}{path}", "the other claim", created(other)),
    ]
    options = [
        remedies.say(
            f"Remove {host} from one of the two Ingresses; {routes.full_name(other)} is in namespace {namespace(other)}"
        )
    ]
    return finding(
        "ingress-host-conflict",
        title,
        f"{effect}, so visitors may see the other service.",
        evidence,
        options,
        key=f"{host}{path}",
    )


def check_tls_secret(scope: Scope) -> Iterator[Finding]:
    if not scope.snapshot.readable("Secret", "Certificate"):
        return
    for secret, (ingress, hosts) in routes.tls_secrets(scope).items():
        where = namespace(ingress)
        if scope.snapshot.get("Secret", where, secret):
            continue
        made = [obj for obj in scope.snapshot.all("Certificate", where) if text_at(obj, "spec", "secretName") == secret]
        synced = [
            obj
            for obj in scope.snapshot.all("ExternalSecret", where)
            if (text_at(obj, "spec", "target", "name") or name(obj)) == secret
        ]
        if made or synced or any(key in annotations(ingress) for key in ISSUERS):
            continue
        title = (
            f"The TLS Secret {secret} that the Ingress {name(ingress)} names does not exist, and nothing will create it"
        )
        evidence = [
            field_fact(ingress, "spec.tls[].secretName", secret, "the Secret it names"),
            field_fact(ingress, "metadata.annotations", "no issuer annotation", "nothing asks for a certificate"),
        ]
        detail = (
            f"{listed(hosts) or 'Its hosts'} are served with the controller's "
            "default certificate, which browsers refuse."
        )
        options = [remedies.say(f"Add the annotation {ISSUERS[0]} to the Ingress, or create the Secret {secret}")]
        yield finding(
            "ingress-tls-secret-missing", title, detail, evidence, options, severity=Severity.WARNING, key=secret
        )
