"""One pod in the words of `kubectl get pods`, with a sentence for what is behind the word. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.words import Tone
from integrations.errors import foreign_text
from integrations.kubernetes import PodRow, pod_row

BACK_OFF_BASE_S = 10
BACK_OFF_MOST_S = 300


@dataclass(frozen=True, slots=True)
class PodView:
    """`state` is kubectl's STATUS word; `reason` the sentence behind it, empty for a pod that is well."""

    name: str
    state: str
    tone: Tone
    reason: str
    ready: bool
    restarts: int
    node: str
    image: str
    started_at: datetime | None
    containers: Sequence[str]


def pod_view(pod: Mapping[str, Any], *, now: datetime) -> PodView:
    row = pod_row(pod)
    return PodView(
        name=row.name,
        state=row.status,
        tone=row.tone,
        reason=reason_sentence(pod, row, now),
        ready=row.is_ready,
        restarts=row.restarts,
        node=row.node,
        image=row.image,
        started_at=moment(row.started or row.created),
        containers=[container["name"] for container in (pod.get("spec") or {}).get("containers") or []],
    )


def reason_sentence(pod: Mapping[str, Any], row: PodRow, now: datetime) -> str:
    """What stands behind the word: of the first container that is not well, else of the pod."""
    status = pod.get("status") or {}
    if row.terminating:
        return ""
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state = container.get("state") or {}
        if state.get("waiting"):
            return waiting_sentence(container, state["waiting"], now)
        if (state.get("terminated") or {}).get("exitCode"):
            return ending_sentence(state["terminated"], now)
    if row.status == "Running" and not row.is_ready:
        return "running, but its readiness probe has not passed"
    return unscheduled_sentence(status) or foreign_text(status.get("message") or "")


def waiting_sentence(container: Mapping[str, Any], waiting: Mapping[str, Any], now: datetime) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    if waiting.get("reason") == "CrashLoopBackOff" and ended:
        return f"{ending_sentence(ended, now)}{next_start(container, ended, now)}"
    return foreign_text(waiting.get("message") or "")


def ending_sentence(ended: Mapping[str, Any], now: datetime) -> str:
    finished = moment(ended.get("finishedAt"))
    ago = f" {age_words(finished, now)} ago" if finished else ""
    if ended.get("reason") == "OOMKilled":
        return f"killed for memory{ago}"
    return f"ended with exit code {ended.get('exitCode')}{ago}"


def next_start(container: Mapping[str, Any], ended: Mapping[str, Any], now: datetime) -> str:
    """The kubelet doubles its back-off from 10 s up to 5 min."""
    finished = moment(ended.get("finishedAt"))
    if finished is None:
        return ""
    back_off_s = min(BACK_OFF_BASE_S * 2 ** max(0, min(container.get("restartCount", 1) - 1, 6)), BACK_OFF_MOST_S)
    left_s = int(back_off_s - (now - finished).total_seconds())
    return f", next start in {left_s} s" if left_s > 0 else ", starting again now"


def unscheduled_sentence(status: Mapping[str, Any]) -> str:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return foreign_text(condition.get("message", ""))
    return ""


def age_words(then: datetime, now: datetime) -> str:
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 86400 else f"{seconds // 86400} d"


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
