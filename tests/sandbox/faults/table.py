"""The trials: every fault of the sandbox, the cause it is, what mends it, and what its service needs to show it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from integrations.gitops import Set
from tests.sandbox.faults.trials import IMAGE, NEXT_TAG, TAG, Trial

NEW_TAG = {"image_tag": NEXT_TAG}
RIGHT_IMAGE = {"image_repository": IMAGE, "image_tag": TAG}
ROOMY = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "30Gi"}}
# What only time makes a cause: an authority that keeps failing, a container that stays unready, a sync of long ago.
LATER = timedelta(minutes=12)


def of(fault: str, cause: str, mend: Mapping[str, Any] | None = None, **more: Any) -> Trial:
    return Trial(fault, cause, mend or {}, **more)


def secret_from_vault(fault: str, cause: str) -> Trial:
    source = {"secretKey": "API_TOKEN", "remoteKey": f"teams/trials/{fault}", "property": "API_TOKEN"}
    start = {"externalSecret": {"targetSecret": f"{fault}-api", "data": [source]}}
    return Trial(fault, cause, {}, start=start)


def certificate(fault: str, cause: str) -> Trial:
    host = f"{fault}.customer.example"
    ingress = {
        "enabled": True,
        "host": host,
        "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod"},
        "tls": [{"secretName": f"{fault}-tls", "hosts": [host]}],
    }
    return Trial(fault, cause, {}, start={"ingress": ingress}, looked_at=LATER)


IMAGES = (
    of("bad-image-tag", "image-tag-not-found", NEW_TAG),
    of("registry-unauthorized", "image-pull-unauthorized"),
    of("registry-down", "image-registry-unreachable"),
    of("registry-rate-limit", "image-pull-rate-limited"),
    of("typo-in-repository", "image-repository-not-found", RIGHT_IMAGE),
    of("typo-in-tag", "image-tag-not-found", NEW_TAG),
    of("typo-in-image-name", "image-name-invalid", RIGHT_IMAGE),
    of("pull-secret-missing", "image-pull-unauthorized", RIGHT_IMAGE),
)
PROGRAMS = (
    of("crash-loop", "app-exception", NEW_TAG),
    of("missing-variable", "env-var-missing", {"env_vars": {"SESSION_SECRET_KEY": "rotated"}}),
    of("oom", "oom-killed", {"memory_limit": "256Mi"}, settings={"needs_mib": 128}),
    of("failing-readiness", "readiness-probe-failing", NEW_TAG, looked_at=LATER),
    of("moved-health-check", "probe-wrong-path", {"health_check_path": "/status"}),
    of("failing-liveness", "liveness-probe-failing", NEW_TAG),
    of("slow-start", "startup-too-slow", NEW_TAG, settings={"image_tag": TAG}),
    of("wrong-port", "app-listens-on-other-port", {"port": 8090}, settings={"port": 8090}),
    of("localhost-only", "app-listens-on-localhost", {"env_vars": {"HOST": "0.0.0.0"}}),
    of("probe-on-wrong-port", "probe-wrong-port", looked_at=LATER),
)
CRASHES = (
    of("missing-command", "command-not-found", NEW_TAG),
    of("broken-start-script", "script-syntax-error", NEW_TAG),
    of("wrong-architecture", "exec-format-error", NEW_TAG),
    of("missing-config-file", "config-file-missing", NEW_TAG),
    of("port-in-use", "port-already-in-use", NEW_TAG),
    of("refuses-root", "container-user-not-permitted", NEW_TAG),
    of("expired-certificate", "app-certificate-expired", NEW_TAG),
    of("wrong-host", "hostname-unresolvable", {"env_vars": {"RATES_HOST": "rates.partner.example"}}),
    of("cluster-permission", "rbac-forbidden"),
)
SURROUNDINGS = (
    of("database-down", "db-connection-failed"),
    of("database-cluster-down", "database-cluster-down"),
    of("database-password", "db-auth-failed", {"env_vars": {"DB_PASSWORD_FILE": "/run/secrets/db"}}),
    of("database-crowded", "db-too-many-connections"),
    of("secret-missing", "secret-missing"),
    of("configmap-missing", "configmap-missing"),
    of("service-account-missing", "service-account-missing"),
    secret_from_vault("vault-permission-denied", "vault-permission-denied"),
    secret_from_vault("vault-path-missing", "vault-key-missing"),
    certificate("domain-not-pointed", "domain-dns-not-pointed"),
    certificate("certificate-rate-limit", "acme-rate-limited"),
)
PLACES = (
    of("no-such-node", "node-selector-mismatch"),
    of("too-much-cpu", "insufficient-cpu", {"cpu_request": "20m", "cpu_limit": "100m"}),
    of("too-much-memory", "insufficient-memory", {"memory_request": "32Mi", "memory_limit": "64Mi"}),
    of("storage-class-missing", "storage-class-missing"),
    of("volume-missing", "pvc-missing"),
    of(
        "narrow-limit-range",
        "limitrange-violation",
        {"memory_limit": "128Mi"},
        start={"resources": ROOMY},
        settings={"max_mib": 24 * 1024},
    ),
)
DELIVERY = (
    of("wrong-selector", "service-selector-mismatch"),
    of("wrong-target-port", "service-port-mismatch"),
    of("ingress-class-missing", "ingress-class-missing", thorough=True),
    of("host-claimed-twice", "ingress-host-conflict"),
    of("render-error", "argocd-render-error"),
    of("invalid-manifest", "argocd-manifest-invalid"),
    of("manual-drift", "argocd-manual-drift", NEW_TAG, looked_at=LATER, alone=True),
)
# What concerns a whole namespace leaves the others alone.
APART = (
    of("node-not-ready", "node-not-ready", alone=True),
    secret_from_vault("secret-store-down", "secret-store-not-ready"),
    of("quota-exhausted", "quota-exceeded", then=(Set(("replicaCount",), 3),)),
)
# A namespace for each group: a diagnosis reads all of one.
GROUPS = {
    "trials-images": IMAGES,
    "trials-programs": PROGRAMS,
    "trials-crashes": CRASHES,
    "trials-surroundings": SURROUNDINGS,
    "trials-places": PLACES,
    "trials-delivery": DELIVERY,
    "trials-apart": APART,
}
TRIALS = tuple(replace(trial, tenant=tenant) for tenant, group in GROUPS.items() for trial in group)
