"""The kinds this server serves: what discovery says of each, and where its objects are stored."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.kubeapi.schemas import SchemaBook, SchemaNode

READ_VERBS = ("get", "list", "watch")
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(slots=True)
class Resource:
    """One served version of one kind. `storage_version` differs from `version` only for custom kinds."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    schema: SchemaNode
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    verbs: tuple[str, ...] = ALL_VERBS
    counts_generation: bool = False
    definition: str = ""  # name of the CustomResourceDefinition; empty for a built-in kind
    columns: list[dict[str, Any]] = field(default_factory=list)
    scale_paths: dict[str, str] = field(default_factory=dict)
    selectable: tuple[str, ...] = ()
    storage_version: str = ""

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as error sentences name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def key(self) -> tuple[str, str]:
        """Where objects are stored: all versions of a kind share one place, and both groups of events."""
        return _STORED_AS.get((self.group, self.plural), (self.group, self.plural))

    @property
    def is_storage_form(self) -> bool:
        return self.version == self.storage_version and self.key == (self.group, self.plural)

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources

    @property
    def custom(self) -> bool:
        return bool(self.definition)


_STORED_AS = {("events.k8s.io", "events"): ("", "events")}

# group/version, then: plural, kind, scope (n = namespaced, c = cluster), short names, subresources, flags
# flags: a = category "all", g = metadata.generation counts changes of the spec
_TABLE = """
v1
  configmaps             ConfigMap              n cm        -                                          -
  endpoints              Endpoints              n ep        -                                          -
  events                 Event                  n ev        -                                          -
  limitranges            LimitRange             n limits    -                                          -
  namespaces             Namespace              c ns        status,finalize                            -
  nodes                  Node                   c no        status                                     -
  persistentvolumeclaims PersistentVolumeClaim  n pvc       status                                     -
  persistentvolumes      PersistentVolume       c pv        status                                     -
  pods                   Pod                    n po        status,log,eviction,binding,ephemeralcontainers,resize ag
  podtemplates           PodTemplate            n -         -                                          -
  replicationcontrollers ReplicationController  n rc        status,scale                               ag
  resourcequotas         ResourceQuota          n quota     status                                     -
  secrets                Secret                 n -         -                                          -
  serviceaccounts        ServiceAccount         n sa        token                                      -
  services               Service                n svc       status                                     a
apps/v1
  controllerrevisions    ControllerRevision     n -         -                                          -
  daemonsets             DaemonSet              n ds        status                                     ag
  deployments            Deployment             n deploy    status,scale                               ag
  replicasets            ReplicaSet             n rs        status,scale                               ag
  statefulsets           StatefulSet            n sts       status,scale                               ag
batch/v1
  cronjobs               CronJob                n cj        status                                     ag
  jobs                   Job                    n -         status                                     ag
autoscaling/v2
  horizontalpodautoscalers HorizontalPodAutoscaler n hpa    status                                     a
networking.k8s.io/v1
  ingressclasses         IngressClass           c -         -                                          g
  ingresses              Ingress                n ing       status                                     g
  networkpolicies        NetworkPolicy          n netpol    -                                          g
policy/v1
  poddisruptionbudgets   PodDisruptionBudget    n pdb       status                                     g
rbac.authorization.k8s.io/v1
  clusterrolebindings    ClusterRoleBinding     c -         -                                          -
  clusterroles           ClusterRole            c -         -                                          -
  rolebindings           RoleBinding            n -         -                                          -
  roles                  Role                   n -         -                                          -
storage.k8s.io/v1
  storageclasses         StorageClass           c sc        -                                          -
  volumeattachments      VolumeAttachment       c -         status                                     -
scheduling.k8s.io/v1
  priorityclasses        PriorityClass          c pc        -                                          -
coordination.k8s.io/v1
  leases                 Lease                  n -         -                                          -
discovery.k8s.io/v1
  endpointslices         EndpointSlice          n -         -                                          g
events.k8s.io/v1
  events                 Event                  n ev        -                                          -
apiextensions.k8s.io/v1
  customresourcedefinitions CustomResourceDefinition c crd,crds status                                 g
admissionregistration.k8s.io/v1
  mutatingwebhookconfigurations   MutatingWebhookConfiguration   c - -                                 g
  validatingwebhookconfigurations ValidatingWebhookConfiguration c - -                                 g
authentication.k8s.io/v1
  selfsubjectreviews     SelfSubjectReview      c -         -                                          r
  tokenreviews           TokenReview            c -         -                                          r
authorization.k8s.io/v1
  localsubjectaccessreviews LocalSubjectAccessReview n -    -                                          r
  selfsubjectaccessreviews  SelfSubjectAccessReview  c -    -                                          r
  selfsubjectrulesreviews   SelfSubjectRulesReview   c -    -                                          r
  subjectaccessreviews      SubjectAccessReview      c -    -                                          r
"""

_SELECTABLE = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "jobs": ("status.successful",),
    "replicasets": ("status.replicas",),
    "services": ("spec.clusterIP", "spec.type"),
}


_SELECTABLE_NEW_EVENTS = (
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
)


def _split(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))


def builtin_resources(book: SchemaBook) -> Iterator[Resource]:
    group = version = ""
    for line in _TABLE.strip().splitlines():
        if not line.startswith(" "):
            group, _, version = line.strip().rpartition("/")
            continue
        plural, kind, scope, short, subresources, flags = line.split()
        yield Resource(
            group=group,
            version=version,
            plural=plural,
            kind=kind,
            namespaced=scope == "n",
            schema=book.builtin(group, version, kind),
            singular=kind.lower(),
            short_names=_split(short),
            categories=("all",) if "a" in flags else (),
            subresources=frozenset(_split(subresources)),
            verbs=("create",) if "r" in flags else ALL_VERBS,
            counts_generation="g" in flags,
            selectable=_SELECTABLE_NEW_EVENTS if group == "events.k8s.io" else _SELECTABLE.get(plural, ()),
            storage_version=version,
        )


class Registry:
    """(group, version, plural) -> Resource, in the order of discovery."""

    def __init__(self, book: SchemaBook) -> None:
        self._resources: dict[tuple[str, str, str], Resource] = {}
        self.changes = 0  # grows with every change, so that discovery can be cached
        for resource in builtin_resources(book):
            self.add(resource)

    def add(self, resource: Resource) -> None:
        self._resources[resource.group, resource.version, resource.plural] = resource
        self.changes += 1

    def drop_definition(self, definition: str) -> None:
        self._resources = {key: one for key, one in self._resources.items() if one.definition != definition}
        self.changes += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._resources.get((group, version, plural))

    def core(self, plural: str) -> Resource:
        return self._resources["", "v1", plural]

    def stored_at(self, key: tuple[str, str]) -> Resource:
        """The storage version of a kind. Raises KeyError for one that is not served."""
        for resource in self._resources.values():
            if resource.key == key and resource.is_storage_form:
                return resource
        raise KeyError(key)

    def by_kind(self, group: str, kind: str) -> Resource | None:
        return next((one for one in self if one.group == group and one.kind == kind), None)

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._resources.values()))
