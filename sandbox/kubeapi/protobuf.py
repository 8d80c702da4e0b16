"""Request bodies in Kubernetes' protobuf, for the kinds kubectl sends that way (`create`, `auth can-i`, `drain`).

It does not fall back to JSON when refused. Answers are always JSON, which every client takes. Messages are decoded by
the table below; a kind that is not in it is refused with 415.
"""

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sandbox.kubeapi.errors import bad_request, unsupported_media_type

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
# message: number name type, ...  Types: s string, i integer, b boolean, y bytes, t time, q quantity, n integer or
# string, M map of strings, Y map of bytes, Q map of quantities, or a message; [] repeated; * a pointer, whose zero
# value counts.
_TABLE = """
ObjectMeta: 1 name s, 2 generateName s, 3 namespace s, 5 uid s, 6 resourceVersion s, 8 creationTimestamp t, 11 labels M,
    12 annotations M, 13 ownerReferences []OwnerReference, 14 finalizers []s
OwnerReference: 1 kind s, 3 name s, 4 uid s, 5 apiVersion s, 6 controller b*, 7 blockOwnerDeletion b*
LocalObjectReference: 1 name s
ObjectReference: 1 kind s, 2 namespace s, 3 name s, 4 uid s, 5 apiVersion s, 6 resourceVersion s, 7 fieldPath s
LabelSelector: 1 matchLabels M, 2 matchExpressions []LabelSelectorRequirement
LabelSelectorRequirement: 1 key s, 2 operator s, 3 values []s
Namespace: 1 metadata ObjectMeta, 2 spec NamespaceSpec
NamespaceSpec: 1 finalizers []s
ConfigMap: 1 metadata ObjectMeta, 2 data M, 3 binaryData Y, 4 immutable b*
Secret: 1 metadata ObjectMeta, 2 data Y, 3 type s, 4 stringData M, 5 immutable b*
ServiceAccount: 1 metadata ObjectMeta, 3 imagePullSecrets []LocalObjectReference, 4 automountServiceAccountToken b*
Service: 1 metadata ObjectMeta, 2 spec ServiceSpec
ServiceSpec: 1 ports []ServicePort, 2 selector M, 3 clusterIP s, 4 type s, 5 externalIPs []s, 7 sessionAffinity s,
    10 externalName s, 11 externalTrafficPolicy s, 13 publishNotReadyAddresses b, 17 ipFamilyPolicy s*,
    18 clusterIPs []s, 19 ipFamilies []s, 20 allocateLoadBalancerNodePorts b*, 22 internalTrafficPolicy s*
ServicePort: 1 name s, 2 protocol s, 3 port i, 4 targetPort n, 5 nodePort i, 6 appProtocol s*
Deployment: 1 metadata ObjectMeta, 2 spec DeploymentSpec
DeploymentSpec: 1 replicas i*, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy,
    5 minReadySeconds i, 6 revisionHistoryLimit i*, 7 paused b, 9 progressDeadlineSeconds i*
DeploymentStrategy: 1 type s, 2 rollingUpdate RollingUpdateDeployment
RollingUpdateDeployment: 1 maxUnavailable n*, 2 maxSurge n*
PodTemplateSpec: 1 metadata ObjectMeta, 2 spec PodSpec
Pod: 1 metadata ObjectMeta, 2 spec PodSpec
PodSpec: 2 containers []Container, 3 restartPolicy s, 4 terminationGracePeriodSeconds i*, 5 activeDeadlineSeconds i*,
    6 dnsPolicy s, 7 nodeSelector M, 8 serviceAccountName s, 10 nodeName s, 11 hostNetwork b,
    20 initContainers []Container
Container: 1 name s, 2 image s, 3 command []s, 4 args []s, 5 workingDir s, 6 ports []ContainerPort, 7 env []EnvVar,
    8 resources ResourceRequirements, 14 imagePullPolicy s, 16 stdin b, 17 stdinOnce b, 18 tty b
ContainerPort: 1 name s, 2 hostPort i, 3 containerPort i, 4 protocol s, 5 hostIP s
EnvVar: 1 name s, 2 value s
ResourceRequirements: 1 limits Q, 2 requests Q
Job: 1 metadata ObjectMeta, 2 spec JobSpec
JobSpec: 1 parallelism i*, 2 completions i*, 3 activeDeadlineSeconds i*, 4 selector LabelSelector,
    6 template PodTemplateSpec, 7 backoffLimit i*, 8 ttlSecondsAfterFinished i*
CronJob: 1 metadata ObjectMeta, 2 spec CronJobSpec
CronJobSpec: 1 schedule s, 2 startingDeadlineSeconds i*, 3 concurrencyPolicy s, 4 suspend b*,
    5 jobTemplate JobTemplateSpec, 6 successfulJobsHistoryLimit i*, 7 failedJobsHistoryLimit i*, 8 timeZone s*
JobTemplateSpec: 1 metadata ObjectMeta, 2 spec JobSpec
Ingress: 1 metadata ObjectMeta, 2 spec IngressSpec
IngressSpec: 1 defaultBackend IngressBackend, 2 tls []IngressTLS, 3 rules []IngressRule, 4 ingressClassName s*
IngressBackend: 4 service IngressServiceBackend
IngressServiceBackend: 1 name s, 2 port ServiceBackendPort
ServiceBackendPort: 1 name s, 2 number i
IngressTLS: 1 hosts []s, 2 secretName s
IngressRule: 1 host s, 2 - IngressRuleValue
IngressRuleValue: 1 http HTTPIngressRuleValue
HTTPIngressRuleValue: 1 paths []HTTPIngressPath
HTTPIngressPath: 1 path s, 2 backend IngressBackend, 3 pathType s*
ResourceQuota: 1 metadata ObjectMeta, 2 spec ResourceQuotaSpec
ResourceQuotaSpec: 1 hard Q, 2 scopes []s
PodDisruptionBudget: 1 metadata ObjectMeta, 2 spec PodDisruptionBudgetSpec
PodDisruptionBudgetSpec: 1 minAvailable n*, 2 selector LabelSelector, 3 maxUnavailable n*
PriorityClass: 1 metadata ObjectMeta, 2 value i, 3 globalDefault b, 4 description s, 5 preemptionPolicy s*
Role: 1 metadata ObjectMeta, 2 rules []PolicyRule
ClusterRole: 1 metadata ObjectMeta, 2 rules []PolicyRule
PolicyRule: 1 verbs []s, 2 apiGroups []s, 3 resources []s, 4 resourceNames []s, 5 nonResourceURLs []s
RoleBinding: 1 metadata ObjectMeta, 2 subjects []Subject, 3 roleRef RoleRef
ClusterRoleBinding: 1 metadata ObjectMeta, 2 subjects []Subject, 3 roleRef RoleRef
Subject: 1 kind s, 2 apiGroup s, 3 name s, 4 namespace s
RoleRef: 1 apiGroup s, 2 kind s, 3 name s
SelfSubjectAccessReview: 1 metadata ObjectMeta, 2 spec AccessReviewSpec
AccessReviewSpec: 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes
ResourceAttributes: 1 namespace s, 2 verb s, 3 group s, 4 version s, 5 resource s, 6 subresource s, 7 name s
NonResourceAttributes: 1 path s, 2 verb s
SelfSubjectRulesReview: 1 metadata ObjectMeta, 2 spec RulesReviewSpec
RulesReviewSpec: 1 namespace s
SelfSubjectReview: 1 metadata ObjectMeta
TokenReview: 1 metadata ObjectMeta, 2 spec TokenReviewSpec
TokenReviewSpec: 1 token s, 2 audiences []s
TokenRequest: 1 metadata ObjectMeta, 2 spec TokenRequestSpec
TokenRequestSpec: 1 audiences []s, 4 expirationSeconds i*
Scale: 1 metadata ObjectMeta, 2 spec ScaleSpec
ScaleSpec: 1 replicas i*
Binding: 1 metadata ObjectMeta, 2 target ObjectReference
Eviction: 1 metadata ObjectMeta, 2 deleteOptions DeleteOptions
DeleteOptions: 1 gracePeriodSeconds i*, 2 preconditions Preconditions, 3 orphanDependents b*, 4 propagationPolicy s*,
    5 dryRun []s
Preconditions: 1 uid s*, 2 resourceVersion s*
"""
Field = tuple[str, str, bool, bool]  # name, type, repeated, pointer


@lru_cache(maxsize=1)
def _messages() -> dict[str, dict[int, Field]]:
    found = {}
    for line in _TABLE.replace("\n    ", " ").strip().splitlines():
        message, _, members = line.partition(":")
        fields = {}
        for member in members.split(","):
            number, name, kind = member.split()
            fields[int(number)] = (name, kind.strip("[]*"), kind.startswith("[]"), kind.endswith("*"))
        found[message] = fields
    return found


def is_protobuf(body: bytes) -> bool:
    return body.startswith(MAGIC)


def decode(body: bytes) -> dict[str, Any]:
    """The object in a protobuf envelope. Raises ApiError 415 for a kind not in the table, 400 for broken bytes."""
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        identity = dict(_fields(envelope.get(1, b"")))
        version, kind = identity.get(1, b"").decode(), identity.get(2, b"").decode()
        if kind not in _messages():
            raise unsupported_media_type(["application/json", "application/yaml"])
        return {"apiVersion": version, "kind": kind} | _message(kind, envelope.get(2, b""))
    except (IndexError, struct.error, UnicodeDecodeError, AttributeError) as problem:
        raise bad_request(f"the protobuf body cannot be decoded: {problem}") from problem


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value): whole numbers, or bytes for what is length-delimited."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise IndexError("a member is cut short")
            yield number, data[at : at + size]
            at += size
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise IndexError(f"wire type {wire} is not used by Kubernetes")


def _message(name: str, data: bytes) -> dict[str, Any]:
    fields = _messages()[name]
    out: dict[str, Any] = {}
    for number, raw in _fields(data):
        if number not in fields:
            continue
        member, kind, repeated, pointer = fields[number]
        if kind in "MYQ":
            key, value = _entry(kind, raw)
            out.setdefault(member, {})[key] = value
            continue
        value = _value(kind, raw)
        if repeated:
            out.setdefault(member, []).append(value)
        elif member == "-":  # a message whose members are its parent's in JSON
            out |= value
        elif pointer or value not in ("", 0, False, None, {}):
            out[member] = value
    return out


def _entry(kind: str, raw: bytes) -> tuple[str, Any]:
    pair = dict(_fields(raw))
    value_kind = {"M": "s", "Y": "y", "Q": "q"}[kind]
    return pair.get(1, b"").decode(), _value(value_kind, pair.get(2, b""))


def _value(kind: str, raw: Any) -> Any:
    if kind == "i":
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    if kind == "b":
        return bool(raw)
    if kind == "s":
        return raw.decode()
    if kind == "y":
        return base64.b64encode(raw).decode()
    if kind == "q":
        return dict(_fields(raw)).get(1, b"0").decode()
    if kind == "t":
        seconds = dict(_fields(raw)).get(1, 0)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
    if kind == "n":
        parts = dict(_fields(raw))
        return parts.get(3, b"").decode() if parts.get(1) else parts.get(2, 0)
    return _message(kind, raw)
