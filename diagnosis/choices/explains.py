"""Which cause explains which: the explained one is shown as a consequence below the one that explains it."""

CRASHES = frozenset(
    [
        "app-exception",
        "env-var-missing",
        "command-not-found",
        "config-file-missing",
        "exec-format-error",
        "script-syntax-error",
        "app-certificate-expired",
        "container-user-not-permitted",
        "port-already-in-use",
        "volume-full",
        "oom-killed",
        "rbac-forbidden",
        "db-host-unresolvable",
        "hostname-unresolvable",
        "db-connection-failed",
        "db-wrong-port",
        "db-auth-failed",
        "db-too-many-connections",
    ]
)
PROBES = frozenset(
    [
        "liveness-probe-failing",
        "readiness-probe-failing",
        "probe-wrong-port",
        "probe-wrong-path",
        "startup-too-slow",
        "app-listens-on-other-port",
        "app-listens-on-localhost",
    ]
)
NAME_LOOKUPS = frozenset({"db-host-unresolvable", "hostname-unresolvable"})
CONNECTIONS = frozenset({"db-connection-failed", "dependency-down", "db-too-many-connections"})
SECRETS = frozenset({"secret-missing", "secret-key-missing", "image-pull-unauthorized", "ingress-tls-secret-missing"})
CAPACITY = frozenset({"insufficient-cpu", "insufficient-memory", "insufficient-gpu"})
PENDING = CAPACITY | {"untolerated-taint", "anti-affinity-unsatisfiable", "node-selector-mismatch"}
SYNC = frozenset({"argocd-manifest-invalid", "argocd-hook-failed"})

EXPLAINS: dict[str, frozenset[str]] = {
    "namespace-terminating": SYNC | SECRETS | CRASHES | {"service-account-missing", "configmap-missing"},
    "node-not-ready": PROBES | PENDING | CRASHES | CONNECTIONS | {"volume-multi-attach", "pdb-blocks-eviction"},
    "node-disk-pressure": PENDING | {"node-memory-pressure"},
    "node-memory-pressure": PENDING,
    "cluster-dns-down": NAME_LOOKUPS | CONNECTIONS | PROBES | {"app-exception"},
    "network-policy-blocks-dns": NAME_LOOKUPS
    | CONNECTIONS
    | PROBES
    | {"app-exception", "network-policy-blocks-traffic"},
    "network-policy-blocks-traffic": CONNECTIONS | PROBES | {"app-exception"},
    "secret-store-not-ready": SECRETS | {"vault-permission-denied", "vault-key-missing", "database-role-missing"},
    "vault-permission-denied": SECRETS | {"database-role-missing"},
    "vault-key-missing": SECRETS | {"database-role-missing"},
    "secret-missing": frozenset({"secret-key-missing", "image-pull-unauthorized", "ingress-tls-secret-missing"}),
    "database-role-missing": frozenset({"db-auth-failed", "db-connection-failed", "app-exception"}) | PROBES,
    "database-name-conflict": frozenset({"db-auth-failed", "db-connection-failed", "app-exception"}) | PROBES,
    "database-cluster-down": CONNECTIONS | PROBES | {"app-exception", "volume-full", "db-auth-failed"},
    "dependency-down": PROBES | {"app-exception", "db-connection-failed"},
    "volume-full": PROBES | {"app-exception"},
    "preempted": CAPACITY,
    "pvc-missing": PENDING,
    "storage-class-missing": PENDING | {"pvc-missing"},
    "oom-killed": PROBES | {"app-exception"},
    "app-listens-on-other-port": frozenset({"service-port-mismatch"}) | (PROBES - {"app-listens-on-other-port"}),
    "app-listens-on-localhost": PROBES - {"app-listens-on-localhost"},
    "probe-wrong-port": frozenset({"liveness-probe-failing", "readiness-probe-failing", "startup-too-slow"}),
    "probe-wrong-path": frozenset({"liveness-probe-failing", "readiness-probe-failing", "startup-too-slow"}),
    "startup-too-slow": frozenset({"liveness-probe-failing", "readiness-probe-failing"}),
    "liveness-probe-failing": frozenset({"readiness-probe-failing"}),
    "quota-exceeded": SYNC,
    "quota-requires-limits": SYNC,
    "limitrange-violation": SYNC,
    "pod-security-violation": SYNC,
    "admission-webhook-unavailable": SYNC,
    "node-port-conflict": SYNC,
    "ingress-host-conflict": SYNC,
    "argocd-namespace-missing": SYNC,
    "argocd-immutable-field": SYNC,
    "domain-dns-not-pointed": frozenset({"ingress-tls-secret-missing"}),
    "acme-rate-limited": frozenset({"ingress-tls-secret-missing"}),
}
for _crash in CRASHES - {"oom-killed", "volume-full"}:
    EXPLAINS[_crash] = EXPLAINS.get(_crash, frozenset()) | PROBES


def explains(cause: str, other: str) -> bool:
    return other in EXPLAINS.get(cause, frozenset())
