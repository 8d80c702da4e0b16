"""What a live diagnosis reads, and in which round."""

from dataclasses import dataclass

from core.diagnosis import Target
from diagnosis import registry
from integrations.kubernetes import Place, Right, kinds
from integrations.kubernetes.kinds import Kind

ROLE_BINDINGS = Kind("rolebindings", "rbac.authorization.k8s.io", "v1", "RoleBinding")


@dataclass(frozen=True, slots=True)
class Read:
    """`is_large`: grows with the whole cluster, so it is read only when a thorough look is asked for."""

    row: Kind
    is_large: bool = False

    @property
    def kind(self) -> str:
        return self.row.kind


# What tells whether a service is well.
FIRST = tuple(
    Read(row)
    for row in (
        kinds.PODS, kinds.EVENTS, kinds.DEPLOYMENTS, kinds.REPLICA_SETS, kinds.STATEFUL_SETS, kinds.SERVICES,
        kinds.ENDPOINT_SLICES, kinds.INGRESSES, kinds.HORIZONTAL_POD_AUTOSCALERS, kinds.RESOURCE_QUOTAS,
        kinds.POD_DISRUPTION_BUDGETS, kinds.EXTERNAL_SECRETS, kinds.CERTIFICATES,
    )
)  # fmt: skip
# A DaemonSet is asked about by its kind alone; apps declare the other kinds with their targets.
OF_KIND = {"DaemonSet": (kinds.DAEMON_SETS,)}
# What tells why it is not.
AROUND = tuple(
    Read(row)
    for row in (
        kinds.CONFIG_MAPS, kinds.LIMIT_RANGES, kinds.NETWORK_POLICIES, kinds.PERSISTENT_VOLUME_CLAIMS, kinds.JOBS,
        kinds.DAEMON_SETS, kinds.CRON_JOBS, kinds.SECRET_STORES, kinds.CERTIFICATE_REQUESTS, kinds.ORDERS,
        kinds.CHALLENGES, ROLE_BINDINGS,
    )
)  # fmt: skip
CLUSTER_WIDE = (
    *(
        Read(row)
        for row in (
            kinds.NODES, kinds.NAMESPACES, kinds.STORAGE_CLASSES, kinds.INGRESS_CLASSES, kinds.CLUSTER_SECRET_STORES,
            kinds.CLUSTER_ISSUERS, kinds.POSTGRES_CLUSTERS, kinds.POSTGRES_DATABASES, kinds.POSTGRES_POOLERS,
        )
    ),
    Read(kinds.INGRESSES, is_large=True),
)  # fmt: skip
# Who answers for names: DNS lives in kube-system.
PROVIDERS = tuple(Read(row) for row in (kinds.SERVICES, kinds.ENDPOINT_SLICES, kinds.PODS))
# Namespaces the service talks to.
ELSEWHERE = (*PROVIDERS, Read(kinds.NETWORK_POLICIES), Read(kinds.EXTERNAL_SECRETS))
# An API server that does not know these kinds proves nothing about the objects a manifest names.
PROVES_ABSENCE = frozenset({"IngressClass", "StorageClass", "Certificate", "PersistentVolumeClaim"})


def reads_of(target: Target) -> tuple[Read, ...]:
    """What else tells whether the target is well."""
    return tuple(Read(row) for row in registry.reads_of(target) or OF_KIND.get(target.kind, ()))


DIAGNOSIS = "diagnosis"
# Kinds of operators that a cluster may do without: by API group, what cannot be told without the right to them.
OF_OPERATORS = {
    "external-secrets.io": "diagnosis of secrets that External Secrets brings",
    "cert-manager.io": "diagnosis of certificates and domains",
    "acme.cert-manager.io": "diagnosis of certificates and domains",
    "postgresql.cnpg.io": "diagnosis of databases",
}
_LISTED = {read.row: None for reads in (FIRST, AROUND, CLUSTER_WIDE, PROVIDERS, ELSEWHERE) for read in reads}
RIGHTS = (
    *(
        Right(row, ("list",), OF_OPERATORS.get(row.group, DIAGNOSIS), is_optional=row.group in OF_OPERATORS)
        for row in _LISTED
    ),
    Right(kinds.PODS, ("get",), DIAGNOSIS, subresource="log"),
    Right(kinds.SECRETS, ("get",), "whether a Secret has the keys that a service asks for", is_optional=True),
    Right(kinds.APPLICATIONS, ("get",), DIAGNOSIS, place=Place.ARGOCD),
)
