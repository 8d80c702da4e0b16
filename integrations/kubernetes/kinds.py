"""The kinds we read or write, by plural. A kind's address in the API follows from its row in this table."""

from dataclasses import dataclass
from urllib.parse import quote

from integrations.errors import Missing


@dataclass(frozen=True, slots=True)
class Kind:
    """`group` is empty for the core group. `plural` is how the API's paths spell it."""

    plural: str
    group: str
    version: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def resource(self, subresource: str = "") -> str:
        """As RBAC spells it, such as "pods/log"."""
        return f"{self.plural}/{subresource}" if subresource else self.plural

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path below the server's address. No namespace means all namespaces."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", segment(namespace)]
        parts.append(self.plural)
        if name is not None:
            parts.append(segment(name))
        return "/" + "/".join(parts)


def segment(name: str) -> str:
    """One path segment. A name that would walk to another address cannot be an object's, so nothing is asked."""
    if name in {"", ".", ".."} or "/" in name or "%" in name or "\0" in name:
        raise Missing("kubernetes", f"No object can be called {name[:63]!r}.", remedy="Check the name.")
    return quote(name, safe="")


ARGO = "argoproj.io"
APPLICATIONS = Kind("applications", ARGO, "v1alpha1", "Application")
APPLICATION_SETS = Kind("applicationsets", ARGO, "v1alpha1", "ApplicationSet")
CONFIG_MAPS = Kind("configmaps", "", "v1", "ConfigMap")
CRON_JOBS = Kind("cronjobs", "batch", "v1", "CronJob")
DAEMON_SETS = Kind("daemonsets", "apps", "v1", "DaemonSet")
DEPLOYMENTS = Kind("deployments", "apps", "v1", "Deployment")
ENDPOINT_SLICES = Kind("endpointslices", "discovery.k8s.io", "v1", "EndpointSlice")
EVENTS = Kind("events", "", "v1", "Event")
HORIZONTAL_POD_AUTOSCALERS = Kind("horizontalpodautoscalers", "autoscaling", "v2", "HorizontalPodAutoscaler")
INGRESS_CLASSES = Kind("ingressclasses", "networking.k8s.io", "v1", "IngressClass", namespaced=False)
INGRESSES = Kind("ingresses", "networking.k8s.io", "v1", "Ingress")
JOBS = Kind("jobs", "batch", "v1", "Job")
LIMIT_RANGES = Kind("limitranges", "", "v1", "LimitRange")
NAMESPACES = Kind("namespaces", "", "v1", "Namespace", namespaced=False)
NETWORK_POLICIES = Kind("networkpolicies", "networking.k8s.io", "v1", "NetworkPolicy")
NODES = Kind("nodes", "", "v1", "Node", namespaced=False)
PERSISTENT_VOLUME_CLAIMS = Kind("persistentvolumeclaims", "", "v1", "PersistentVolumeClaim")
POD_DISRUPTION_BUDGETS = Kind("poddisruptionbudgets", "policy", "v1", "PodDisruptionBudget")
PODS = Kind("pods", "", "v1", "Pod")
REPLICA_SETS = Kind("replicasets", "apps", "v1", "ReplicaSet")
RESOURCE_QUOTAS = Kind("resourcequotas", "", "v1", "ResourceQuota")
SECRETS = Kind("secrets", "", "v1", "Secret")
SERVICE_ACCOUNTS = Kind("serviceaccounts", "", "v1", "ServiceAccount")
SERVICES = Kind("services", "", "v1", "Service")
STORAGE_CLASSES = Kind("storageclasses", "storage.k8s.io", "v1", "StorageClass", namespaced=False)
STATEFUL_SETS = Kind("statefulsets", "apps", "v1", "StatefulSet")
EXTERNAL_SECRETS = Kind("externalsecrets", "external-secrets.io", "v1", "ExternalSecret")
SECRET_STORES = Kind("secretstores", "external-secrets.io", "v1", "SecretStore")
CLUSTER_SECRET_STORES = Kind("clustersecretstores", "external-secrets.io", "v1", "ClusterSecretStore", namespaced=False)
CERTIFICATES = Kind("certificates", "cert-manager.io", "v1", "Certificate")
CERTIFICATE_REQUESTS = Kind("certificaterequests", "cert-manager.io", "v1", "CertificateRequest")
CLUSTER_ISSUERS = Kind("clusterissuers", "cert-manager.io", "v1", "ClusterIssuer", namespaced=False)
ORDERS = Kind("orders", "acme.cert-manager.io", "v1", "Order")
CHALLENGES = Kind("challenges", "acme.cert-manager.io", "v1", "Challenge")
POSTGRES_CLUSTERS = Kind("clusters", "postgresql.cnpg.io", "v1", "Cluster")
POSTGRES_DATABASES = Kind("databases", "postgresql.cnpg.io", "v1", "Database")
POSTGRES_POOLERS = Kind("poolers", "postgresql.cnpg.io", "v1", "Pooler")

KINDS = {kind.plural: kind for kind in list(globals().values()) if isinstance(kind, Kind)}


def kind_named(kind: Kind | str) -> Kind:
    """The row of a plural. Raises ValueError for one that is not in the table: a slip of ours, not of the cluster."""
    if isinstance(kind, Kind):
        return kind
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not in the table of kinds; add it there.")
    return KINDS[kind]
