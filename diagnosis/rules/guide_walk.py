"""The guide as a walk: for every symptom the target shows, its causes with a verdict and one line of reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diagnosis.choices import CAUSES, Verdict
from diagnosis.rules import ruling_out
from diagnosis.rules.facts import routes
from diagnosis.rules.facts.objects import text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report.findings import Checked, Finding

STUCK, OUT_OF_SYNC, DEGRADED = "Not getting ready", "OutOfSync in Argo CD", "Degraded: running but not healthy"
DATABASE, DOMAIN = "Database", "Domain and certificate"


@dataclass(frozen=True, slots=True)
class Row:
    """One live check: its id and title, the causes that confirm it, and what rules it out or was missing to tell."""

    id: str
    title: str
    causes: tuple[str, ...]
    answer: Callable[[Scope], ruling_out.Answer]


def _ids(*groups: str) -> tuple[str, ...]:
    return tuple(id for group in groups for id in group.split())


IMAGES = _ids(" ".join(id for id in CAUSES if id.startswith("image-")))
CRASHES = _ids(
    "app-exception env-var-missing command-not-found config-file-missing "
    "exec-format-error script-syntax-error crash-loop "
    "app-certificate-expired container-user-not-permitted port-already-in-use volume-full rbac-forbidden "
    "db-host-unresolvable hostname-unresolvable db-connection-failed "
    "db-wrong-port db-auth-failed db-too-many-connections"
)
PROBES = _ids(
    "readiness-probe-failing liveness-probe-failing probe-wrong-path startup-too-slow app-listens-on-localhost "
    "app-listens-on-other-port probe-wrong-port probe-failing pod-not-ready"
)
PORTS = _ids("app-listens-on-other-port probe-wrong-port service-port-mismatch app-listens-on-localhost")
SETTINGS = _ids(
    "env-var-missing secret-missing secret-key-missing configmap-missing vault-permission-denied "
    "vault-key-missing secret-store-not-ready"
)
CAPACITY = _ids(
    "insufficient-cpu insufficient-memory insufficient-gpu node-selector-mismatch "
    "untolerated-taint anti-affinity-unsatisfiable preempted pods-pending"
)
REFUSED = _ids(
    "quota-exceeded quota-requires-limits limitrange-violation pod-security-violation "
    "admission-webhook-unavailable service-account-missing"
)
SYNC = _ids(" ".join(id for id in CAUSES if id.startswith("argocd-")))

WALK: dict[str, tuple[Row, ...]] = {
    STUCK: (
        Row("images-pulled", "Image cannot be pulled", IMAGES, ruling_out.images_pulled),
        Row("pods-admitted", "Quota or admission refuses the pods", REFUSED, ruling_out.pods_created),
        Row("pods-scheduled", "No node has room", CAPACITY, ruling_out.pods_scheduled),
        Row(
            "ports-free",
            "Port conflict",
            _ids("host-port-conflict port-already-in-use node-port-conflict"),
            ruling_out.ports_free,
        ),
        Row(
            "volumes-bound",
            "A volume is missing or held",
            _ids("pvc-missing storage-class-missing volume-multi-attach pvc-unbound"),
            ruling_out.volumes_bound,
        ),
    ),
    DEGRADED: (
        Row("program-runs", "Crash by the program", CRASHES, ruling_out.nothing_crashes),
        Row("memory-suffices", "Killed for memory (OOMKilled)", ("oom-killed",), ruling_out.no_oom),
        Row("probes-pass", "Readiness or liveness probe", PROBES, ruling_out.probes_pass),
        Row("ports-agree", "Listens on the configured port", PORTS, ruling_out.ports_agree),
        Row("settings-present", "Environment, Secrets and ConfigMaps", SETTINGS, ruling_out.settings_there),
        Row(
            "nodes-ready",
            "The node",
            _ids("node-not-ready node-disk-pressure node-memory-pressure"),
            ruling_out.nodes_well,
        ),
    ),
    OUT_OF_SYNC: (
        Row(
            "commit-synced", "Expected after a commit", ("argocd-expected-out-of-sync",), ruling_out.not_just_committed
        ),
        Row(
            "sync-succeeds",
            "The sync failed",
            _ids(
                "argocd-manifest-invalid "
                "argocd-immutable-field "
                "argocd-hook-failed "
                "argocd-namespace-missing "
                "argocd-sync-failed"
            ),
            ruling_out.sync_succeeded,
        ),
        Row(
            "git-readable",
            "Git or the chart cannot be read",
            _ids("argocd-repo-unreachable argocd-render-error"),
            ruling_out.git_readable,
        ),
        Row("no-drift", "Changed by hand", ("argocd-manual-drift",), ruling_out.no_drift),
    ),
    DATABASE: (
        Row(
            "database-applied",
            "Database and role exist",
            _ids("database-name-conflict database-role-missing"),
            ruling_out.database_applied,
        ),
        Row("postgres-answers", "The PostgreSQL cluster answers", ("database-cluster-down",), ruling_out.cluster_up),
        Row(
            "database-reachable",
            "Host, port and credentials",
            _ids("db-host-unresolvable db-wrong-port db-auth-failed db-connection-failed db-too-many-connections"),
            ruling_out.no_database_errors,
        ),
    ),
    DOMAIN: (
        Row(
            "record-points-here", "The DNS record points here", ("domain-dns-not-pointed",), ruling_out.challenges_pass
        ),
        Row("authority-accepts", "The authority's rate limit", ("acme-rate-limited",), ruling_out.not_limited),
        Row(
            "certificate-issued",
            "The certificate is issued",
            _ids("certificate-not-ready certificate-issuing ingress-tls-secret-missing"),
            ruling_out.certificates_ready,
        ),
    ),
}


def walk(scope: Scope, top: list[Finding]) -> Iterator[Checked]:
    """Rows of the symptoms that are present, and of those whose cause was found."""
    found = {entry.cause: entry for finding in top for entry in _all(finding)}
    for symptom, rows in WALK.items():
        if _is_present(scope, symptom) or any(cause in found for row in rows for cause in row.causes):
            yield from (_checked(scope, symptom, row, found) for row in rows)


def _all(finding: Finding) -> Iterator[Finding]:
    yield finding
    for below in finding.consequences:
        yield from _all(below)


def _is_present(scope: Scope, symptom: str) -> bool:
    if scope.workload is None or scope.is_stopped:
        return False
    if symptom == STUCK:
        return not scope.is_complete
    if symptom == DEGRADED:
        return bool(scope.troubled)
    if symptom == OUT_OF_SYNC:
        return scope.application is not None and text_at(scope.application, "status", "sync", "status") not in {
            "",
            "Synced",
        }
    if symptom == DOMAIN:
        return bool(routes.tls_secrets(scope)) and not ruling_out.certificates_ready(scope).is_clear
    return False


def _checked(scope: Scope, symptom: str, row: Row, found: dict[str, Finding]) -> Checked:
    named = next((found[cause] for cause in row.causes if cause in found), None)
    if named is not None:
        return Checked(symptom, named.cause, row.title, named.verdict, f"{named.title}.", row.id)
    answer = row.answer(scope)
    verdict = Verdict.RULED_OUT if answer.is_clear else Verdict.COULD_NOT_TELL
    return Checked(symptom, row.causes[0], row.title, verdict, answer.reason, row.id)
