"""The kinds the controllers know by name, and how one is addressed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`group` is empty for the core group; `plural` is the word in the URL."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", sub: str = "") -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return root + scope + "/" + "/".join(part for part in (self.plural, name, sub) if part)


def split_api_version(api_version: str) -> tuple[str, str]:
    """`"apps/v1"` -> `("apps", "v1")`; `"v1"` -> `("", "v1")`."""
    group, _, version = api_version.rpartition("/")
    return group, version


POD = Kind("", "v1", "pods", "Pod")
NODE = Kind("", "v1", "nodes", "Node", namespaced=False)
EVENT = Kind("", "v1", "events", "Event")
SERVICE = Kind("", "v1", "services", "Service")
ENDPOINTS = Kind("", "v1", "endpoints", "Endpoints")
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
SECRET = Kind("", "v1", "secrets", "Secret")
NAMESPACE = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
CLAIM = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
VOLUME = Kind("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
QUOTA = Kind("", "v1", "resourcequotas", "ResourceQuota")
LIMIT_RANGE = Kind("", "v1", "limitranges", "LimitRange")
DEFINITION = Kind(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")
REPLICA_SET = Kind("apps", "v1", "replicasets", "ReplicaSet")
ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease")
AUTOSCALER = Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
APPLICATION = Kind("argoproj.io", "v1alpha1", "applications", "Application")
APPLICATION_SET = Kind("argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet")
APP_PROJECT = Kind("argoproj.io", "v1alpha1", "appprojects", "AppProject")
INGRESS_CLASS = Kind("networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False)
STORAGE_CLASS = Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False)
INGRESS = Kind("networking.k8s.io", "v1", "ingresses", "Ingress")
EXTERNAL_SECRET = Kind("external-secrets.io", "v1", "externalsecrets", "ExternalSecret")
SECRET_STORE = Kind("external-secrets.io", "v1", "secretstores", "SecretStore")
CERTIFICATE = Kind("cert-manager.io", "v1", "certificates", "Certificate")
CERTIFICATE_REQUEST = Kind("cert-manager.io", "v1", "certificaterequests", "CertificateRequest")
ISSUER = Kind("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", namespaced=False)
ORDER = Kind("acme.cert-manager.io", "v1", "orders", "Order")
CHALLENGE = Kind("acme.cert-manager.io", "v1", "challenges", "Challenge")
POSTGRES = Kind("postgresql.cnpg.io", "v1", "clusters", "Cluster")
DATABASE = Kind("postgresql.cnpg.io", "v1", "databases", "Database")
