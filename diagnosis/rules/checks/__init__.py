"""The checks: small pure functions from a scope to findings, one module per group of causes."""

from collections.abc import Callable, Iterator

from diagnosis.rules.checks.access import check_rbac
from diagnosis.rules.checks.admission import check_admission, check_namespace, check_quota_nearly_full
from diagnosis.rules.checks.argocd import check_comparison, check_sync_failure
from diagnosis.rules.checks.autoscaling import check_autoscalers, check_disruption
from diagnosis.rules.checks.configuration import check_configuration
from diagnosis.rules.checks.connections import check_connections
from diagnosis.rules.checks.crashes import check_crashes
from diagnosis.rules.checks.databases import check_database_answers, check_database_cluster, check_database_objects
from diagnosis.rules.checks.dependencies import check_admitted, check_dependency, check_unknown_waits
from diagnosis.rules.checks.domains import check_certificates
from diagnosis.rules.checks.drift import check_out_of_sync
from diagnosis.rules.checks.images import check_images
from diagnosis.rules.checks.ingresses import (
    check_host_conflict,
    check_ingress_backends,
    check_ingress_class,
    check_tls_secret,
)
from diagnosis.rules.checks.memory import check_oom
from diagnosis.rules.checks.nodes import check_node_ready, check_pressure
from diagnosis.rules.checks.notices import (
    check_leftovers,
    check_log_errors,
    check_past_restarts,
    check_rollout,
    check_stopped,
)
from diagnosis.rules.checks.preemption import check_preempted
from diagnosis.rules.checks.probes import check_probes
from diagnosis.rules.checks.scheduling import check_scheduling
from diagnosis.rules.checks.secrets import check_secrets
from diagnosis.rules.checks.services import check_endpoints, check_listening, check_selector, check_service_ports
from diagnosis.rules.checks.storage import check_claims, check_multi_attach, check_volume_full
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report.findings import Finding

Check = Callable[[Scope], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_namespace,
    check_images,
    check_configuration,
    check_crashes,
    check_oom,
    check_probes,
    check_admission,
    check_scheduling,
    check_preempted,
    check_claims,
    check_multi_attach,
    check_volume_full,
    check_selector,
    check_service_ports,
    check_listening,
    check_endpoints,
    check_ingress_backends,
    check_ingress_class,
    check_host_conflict,
    check_tls_secret,
    check_connections,
    check_dependency,
    check_admitted,
    check_database_cluster,
    check_database_objects,
    check_database_answers,
    check_rbac,
    check_comparison,
    check_sync_failure,
    check_out_of_sync,
    check_secrets,
    check_certificates,
    check_node_ready,
    check_pressure,
    check_autoscalers,
    check_disruption,
    check_stopped,
    check_rollout,
    check_past_restarts,
    check_leftovers,
    check_unknown_waits,
    check_log_errors,
    check_quota_nearly_full,
)

__all__ = ["CHECKS", "Check"]
