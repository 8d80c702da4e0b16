"""Admission: what may be created in a namespace, and what is filled in on the way."""

import uuid
from typing import TYPE_CHECKING

from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import forbidden
from sandbox.kubeapi.limit_ranges import fill_defaults, refusals
from sandbox.kubeapi.pod_defaults import quality_of_service
from sandbox.kubeapi.pod_security import PodSecurity
from sandbox.kubeapi.quotas import Quotas

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

DEFAULT_ACCOUNT = "default"
ROOT_CERTIFICATE = "kube-root-ca.crt"
_LIMITED_KINDS = ("Pod", "PersistentVolumeClaim")


class Admission:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._quotas = Quotas(cluster)
        self._pod_security = PodSecurity(cluster)

    def mutate(self, call: Call, obj: Object) -> None:
        """After defaults, before validation, at creation. Raises ApiError 403."""
        self._living_namespace(call, obj)
        if call.resource.key == ("", "pods") and isinstance(obj.get("spec"), dict):
            for limit_range in self._limit_ranges(obj):
                fill_defaults(limit_range, obj)
            self._service_account(call, obj)
            obj.setdefault("status", {})["qosClass"] = quality_of_service(obj["spec"])

    def validate(self, call: Call, obj: Object, before: Object | None) -> None:
        """After validation, last before storing. `before` is None at creation. Raises ApiError 403."""
        if before is None and call.resource.kind in _LIMITED_KINDS and not call.resource.group:
            told = [
                sentence
                for limit_range in self._limit_ranges(obj)
                for sentence in refusals(limit_range, call.resource.kind, obj)
            ]
            if told:
                why = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
                raise forbidden(call.resource, obj["metadata"]["name"], why)
        self._pod_security.check(call, obj, before)
        self._quotas.check(call, obj, before)

    def _limit_ranges(self, obj: Object) -> list[Object]:
        key = self._cluster.registry.core("limitranges").key
        namespace = obj["metadata"].get("namespace", "")
        if not self._cluster.store.count(key, namespace):
            return []
        return [entry.load() for entry in self._cluster.store.entries(key, namespace)]

    def _living_namespace(self, call: Call, obj: Object) -> None:
        namespace = obj["metadata"].get("namespace", "")
        namespaces = self._cluster.registry.core("namespaces")
        entry = self._cluster.store.get(namespaces.key, "", namespace) if namespace else None
        if entry and entry.deleting:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise forbidden(call.resource, obj["metadata"]["name"], why, [cause])

    def _service_account(self, call: Call, pod: Object) -> None:
        spec = pod["spec"]
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT_ACCOUNT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        namespace = pod["metadata"]["namespace"]
        accounts = self._cluster.registry.core("serviceaccounts")
        if not self._cluster.store.get(accounts.key, namespace, name):
            why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise forbidden(call.resource, pod["metadata"]["name"], why)

    def after_create(self, call: Call, obj: Object) -> None:
        """What controllers of the control plane make for every namespace."""
        if call.resource.key == ("", "namespaces"):
            namespace = obj["metadata"]["name"]
            self._furnish(namespace, "serviceaccounts", "ServiceAccount", DEFAULT_ACCOUNT, {})
            certificate = {"data": {"ca.crt": self._cluster.certificate_authority}}
            self._furnish(namespace, "configmaps", "ConfigMap", ROOT_CERTIFICATE, certificate)

    def _furnish(self, namespace: str, plural: str, kind: str, name: str, content: Object) -> None:
        identity = {"name": name, "namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": timestamp()}
        body = {"apiVersion": "v1", "kind": kind, "metadata": identity, **content}
        self._cluster.store.put(self._cluster.registry.core(plural), body)
