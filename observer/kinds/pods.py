"""Pods: what runs of a service, and how each of them is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from core.words import Tone
from integrations.kubernetes import PodRow, kinds, pod_row
from integrations.kubernetes.instances import ServiceKey, service_of
from observer.kinds.declared import Reading, ServiceKind
from observer.kinds.deployments import OF_SERVICES

TONE_ORDER = (Tone.BAD, Tone.WARN, Tone.BUSY, Tone.OK, Tone.UNKNOWN, Tone.IDLE)


def service_of_pod(pod: PodRow) -> ServiceKey | None:
    return service_of(pod.namespace, pod.instance)


def service_pod_row(item: Mapping[str, Any]) -> PodRow | None:
    """None for a pod that belongs to no service, so that the rows of a big cluster stay few."""
    row = pod_row(item)
    return row if service_of_pod(row) else None


def pod_columns(pods: Sequence[PodRow]) -> dict[str, Any]:
    return {
        "running_tag": running_tag(pods)[:128],
        "pods": pod_tones(pods),
        "restarts": sum(pod.restarts for pod in pods),
    }


def read_pods(pods: Sequence[PodRow]) -> Reading:
    tones = {pod.tone for pod in pods}
    return Reading(
        ready=sum(pod.is_ready for pod in pods),
        is_failing=Tone.BAD in tones,
        is_suspicious=not tones.isdisjoint({Tone.BAD, Tone.WARN}),
    )


def running_tag(pods: Sequence[PodRow]) -> str:
    """The tag most ready pods run; empty while none is ready."""
    tags = Counter(tag_of(pod.image) for pod in pods if pod.is_ready)
    return max(tags, key=lambda tag: (tags[tag], tag)) if tags else ""


def pod_tones(pods: Sequence[PodRow]) -> list[list[Any]]:
    """`[[tone, count], ...]`, the worst first."""
    counts = Counter(pod.tone for pod in pods)
    return [[tone.value, counts[tone]] for tone in TONE_ORDER if counts[tone]]


def tag_of(image: str) -> str:
    """The tag, or the beginning of a digest: `1.4.2`, `sha256:0a1b2c3d4e5f`."""
    name, _, digest = image.partition("@")
    if digest:
        return digest[:19]
    return name.rpartition("/")[2].partition(":")[2]


PODS = ServiceKind(
    source="pods",
    label="Pods",
    kind=kinds.PODS,
    labels=OF_SERVICES,
    row=service_pod_row,
    service_of=service_of_pod,
    column_names=("running_tag", "pods", "restarts"),
    columns=pod_columns,
    read=read_pods,
    is_running=True,
)
