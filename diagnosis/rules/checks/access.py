"""The service account lacks a Kubernetes permission the program uses."""

from collections.abc import Iterator

from core.patterns import Pattern
from diagnosis.choices import Severity
from diagnosis.rules.facts.containers import described
from diagnosis.rules.facts.log_readings import Reading, readings
from diagnosis.rules.facts.objects import items, name, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Finding, field_fact, finding
from diagnosis.rules.report.log_evidence import crash_evidence, log_fact
from diagnosis.rules.wording import listed

REQUEST = Pattern(
    r'User \\?"(?P<user>[^"\\]+)\\?" cannot (?P<verb>\w+) resource \\?"(?P<resource>[^"\\]+)\\?"(?: '
    r'in API group \\?"(?P<group>[^"\\]*)\\?")?'
    r'(?: (?P<where>in the namespace \\?"[^"\\]+\\?"|at the cluster scope))?'
)


def check_rbac(scope: Scope) -> Iterator[Finding]:
    told: set[str] = set()
    for reading in readings(scope):
        if reading.match and reading.match.cause == "rbac-forbidden" and reading.container.name not in told:
            told.add(reading.container.name)
            yield _finding(scope, reading)


def _finding(scope: Scope, reading: Reading) -> Finding:
    match, container = reading.match, reading.container
    assert match is not None
    found = next((hit for line in reversed(reading.log.lines) if (hit := REQUEST.search(line))), None)
    account = text_at(container.pod, "spec", "serviceAccountName") or "default"
    if found:
        where = (found["where"] or "").replace("\\", "").replace('"', "")
        title = (
            f"The service account {found['user'].rpartition(':')[2]} may not "
            f"{found['verb']} {found['resource']} {where}"
        ).strip()
    else:
        title = f"The service account {account} lacks a Kubernetes permission the program uses"
    evidence = (
        crash_evidence(container, reading.log, match)
        if reading.is_crash
        else [log_fact(container, match.line, "the API server's refusal")]
    )
    evidence.append(field_fact(container.pod, "spec.serviceAccountName", account, "the account it runs as"))
    bound = [
        f"{name(obj)} -> {text_at(obj, 'roleRef', 'kind')} {text_at(obj, 'roleRef', 'name')}"
        for kind, where_ in (("RoleBinding", scope.namespace), ("ClusterRoleBinding", None))
        for obj in scope.snapshot.all(kind, where_)
        if any(
            entry.get("name") == account and entry.get("namespace", scope.namespace) == scope.namespace
            for entry in items(obj, "subjects")
        )
    ]  # fmt: skip
    detail = f"The {described(container)} needs it. " + (
        f"Bound to the account: {listed(bound)}." if bound else "No role is bound to the account."
    )
    severity = Severity.WARNING if reading.is_quiet else Severity.PROBLEM
    options = [remedies.ask_platform(f"bind a role with that permission to {account}"), remedies.read_logs(scope)]
    return finding("rbac-forbidden", title, detail, evidence, options, severity=severity, key=container.name)
