"""Every fault there is, one declaration each. Faults that end a program by its own words stand in lastwords."""

from collections.abc import Mapping
from typing import Any

from sandbox.controllers.kinds import CERTIFICATE, EXTERNAL_SECRET
from sandbox.faults import programs
from sandbox.faults.kinds import TAG, Fault, this_version, without_liveness, without_probes, without_readiness
from sandbox.faults.lastwords import DEATHS, REMOVED
from sandbox.faults.mistakes import MISTAKES

IMAGES = (
    Fault(
        "bad-image-tag",
        "The registry has lost the tag, so the image cannot be pulled any more.",
        "Deploy or roll back to a tag that exists.",
        {"image_tag": "the tag the registry forgets"},
        defaults=this_version,
        refusal="not-found",
        replaces_pods=True,
    ),
    Fault(
        "registry-unauthorized",
        "The registry asks for credentials, as for a repository that was made private.",
        "An owner of the registry grants access again: remove the fault.",
        {},
        refusal="unauthorized",
        replaces_pods=True,
    ),
    Fault(
        "registry-down",
        "The nodes get no connection to the registry.",
        "The registry or the network comes back: remove the fault.",
        {},
        refusal="unreachable",
        replaces_pods=True,
    ),
    Fault(
        "registry-rate-limit",
        "The registry refuses because too many images were pulled.",
        "The limit's hour passes, or the nodes get credentials: remove the fault.",
        {},
        refusal="rate-limited",
        replaces_pods=True,
    ),
)
PROGRAMS = (
    Fault(
        "crash-loop",
        "The program ends with an unhandled error seconds after its start, again and again.",
        "Roll back or deploy another version; with needs_env, set that variable.",
        {
            "image_tag": TAG,
            "needs_env": "a variable it cannot do without",
            "after_s": "seconds until it ends",
            "exit_code": "the code it ends with",
        },
        change=programs.crash,
        defaults=this_version,
    ),
    Fault(
        "missing-variable",
        "The program ends at once because a variable it cannot do without is not set.",
        "Set the variable.",
        {"image_tag": TAG, "variable": "its name, SESSION_SECRET_KEY"},
        change=programs.missing_variable,
    ),
    Fault(
        "oom",
        "The program needs more memory than its limit and is killed by the kernel (OOMKilled, exit code 137).",
        "Raise the memory limit above needs_mib, or deploy another version where it is bound to one.",
        {"image_tag": TAG, "needs_mib": "what the program needs", "after_s": "seconds until it takes it"},
        change=programs.out_of_memory,
        defaults=programs.above_the_limit,
    ),
    Fault(
        "failing-readiness",
        "The program runs but does not answer its readiness check, so it gets no traffic.",
        "Point the probe to serves_path, set needs_env, or deploy another version where it is bound to one.",
        {
            "image_tag": TAG,
            "status": "what it answers instead, 503",
            "serves_path": "the path it answers instead",
            "needs_env": "a variable without which it is never ready",
        },
        change=programs.not_ready,
        defaults=this_version,
        unfit=without_readiness,
    ),
    Fault(
        "moved-health-check",
        "The program answers its health checks on one other path only, and 404 where the probes ask.",
        "Set the health check path to serves_path.",
        {"image_tag": TAG, "serves_path": "the path it answers, /status"},
        change=programs.moved_health_check,
        unfit=without_probes,
    ),
    Fault(
        "failing-liveness",
        "The program answers its liveness check with an error, so the kubelet kills it again and again.",
        "Deploy or roll back to another version.",
        {"image_tag": TAG, "status": "what it answers, 500"},
        change=programs.not_alive,
        defaults=this_version,
        unfit=without_liveness,
    ),
    Fault(
        "slow-start",
        "The program listens only minutes after its start; an impatient liveness probe kills it before.",
        "Add a startup probe or a longer initial delay; without a liveness probe it heals by waiting.",
        {"image_tag": TAG, "ready_after_s": "seconds until it listens, 120"},
        change=programs.slow,
        replaces_pods=True,
        unfit=without_probes,
    ),
    Fault(
        "wrong-port",
        "The program listens on another port than the platform was told, unless PORT tells it which.",
        "Deploy with that port, or set PORT to the configured one.",
        {"image_tag": TAG, "port": "where it listens; one above its usual port when left out"},
        change=programs.other_port,
    ),
    Fault(
        "localhost-only",
        "The program listens on 127.0.0.1 only, unless HOST tells it otherwise.",
        "Set HOST=0.0.0.0.",
        {"image_tag": TAG},
        change=programs.loopback_only,
    ),
)
TENANTS = (
    Fault(
        "quota-exhausted",
        "Another workload in the namespace holds what the quota had left, so no further pod is admitted.",
        "Raise the tenant's quota, or remove the workload named batch-import.",
        {"resource": "requests.memory (default), requests.cpu, limits.memory, limits.cpu or pods"},
    ),
    Fault(
        "narrow-limit-range",
        "A LimitRange allows less memory for one container than the service's limit, so no new pod is admitted.",
        "Deploy with a lower memory limit, or remove the fault.",
        {"max_mib": "what it allows; three quarters of the service's limit when left out"},
        defaults=lambda container: {"max_mib": programs.below_the_limit(container)},
        replaces_pods=True,
    ),
)
PLATFORM = (
    Fault(
        "manual-drift",
        "Somebody has switched self-healing off and added a replica by hand: the Application stays OutOfSync.",
        "Deploy: the next sync puts git's state back.",
        {},
    ),
    Fault(
        "node-not-ready",
        "The node that runs the service's first pod stops reporting; after five minutes its pods are evicted.",
        REMOVED.format(who="the platform's people must bring the node back"),
        {},
    ),
    Fault(
        "vault-permission-denied",
        "Vault refuses the path of the service's ExternalSecret (403), so its Secret is not refreshed.",
        REMOVED.format(who="the tenant's Vault policy must cover the path"),
        {},
        needs=EXTERNAL_SECRET,
    ),
    Fault(
        "vault-path-missing",
        "The path that the service's ExternalSecret reads is gone from Vault, so its Secret is not refreshed.",
        REMOVED.format(who="the value must be written to Vault again"),
        {},
        needs=EXTERNAL_SECRET,
    ),
    Fault(
        "secret-store-down",
        "The tenant's secret store cannot log in to Vault, so none of its ExternalSecrets is refreshed.",
        REMOVED.format(who="Vault must be reachable again"),
        {},
        needs=EXTERNAL_SECRET,
    ),
    Fault(
        "domain-not-pointed",
        "A domain of the service has lost its DNS record, so the challenge for its certificate does not pass.",
        REMOVED.format(who="the DNS record must be made"),
        {"host": "the domain; all of the service's when left out"},
        needs=CERTIFICATE,
    ),
    Fault(
        "certificate-rate-limit",
        "The certificate authority refuses further orders for the service's domains.",
        REMOVED.format(who="the authority's limit must pass"),
        {"host": "the domain; all of the service's when left out"},
        needs=CERTIFICATE,
    ),
)
CATALOGUE: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (*IMAGES, *PROGRAMS, *(death.fault() for death in DEATHS), *TENANTS, *PLATFORM, *MISTAKES)
}

# What is broken in the seeded world from its first minute; the other trouble there is a tag that never existed.
AT_FIRST: Mapping[str, Mapping[str, Any]] = {"payments.ledger-api.oom": {"image_tag": "2.8.1", "needs_mib": 300}}
