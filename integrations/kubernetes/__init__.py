"""The cluster: raw reads with our errors, and reflectors. The only importer of the vendor's client."""

from integrations.kubernetes import kinds
from integrations.kubernetes.client import Cluster, cluster
from integrations.kubernetes.instances import ServiceKey, service_of
from integrations.kubernetes.mirrored import MirroredKind, MirroredTable
from integrations.kubernetes.pods import PodRow, pod_row, status_word
from integrations.kubernetes.reflector import Key, Listener, Reflector
from integrations.kubernetes.rights import Place, Right
from integrations.kubernetes.selectors import Selector, field_selector, label_selector

__all__ = [
    "Cluster",
    "Key",
    "Listener",
    "MirroredKind",
    "MirroredTable",
    "Place",
    "PodRow",
    "Reflector",
    "Right",
    "Selector",
    "ServiceKey",
    "cluster",
    "field_selector",
    "kinds",
    "label_selector",
    "pod_row",
    "service_of",
    "status_word",
]
