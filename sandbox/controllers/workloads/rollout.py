"""The arithmetic of a rollout, as pure functions over counts. No API in here."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
HASH_LABEL = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pods more, and how many fewer, a rolling update may have meanwhile."""

    surge: int
    unavailable: int


@dataclass(frozen=True, slots=True)
class Counts:
    """One ReplicaSet: what it is told to have, has, and has available."""

    wanted: int
    replicas: int
    available: int


def limits_of(deployment_spec: dict[str, Any]) -> Limits:
    """maxSurge rounds up, maxUnavailable rounds down; both zero would never move, so one may be unavailable."""
    strategy = deployment_spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Limits(surge=0, unavailable=0)
    rolling, replicas = strategy.get("rollingUpdate") or {}, deployment_spec.get("replicas", 1)
    surge = _share(rolling.get("maxSurge", "25%"), replicas, rounding=math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), replicas, rounding=math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Limits(surge, min(unavailable, replicas) if replicas else unavailable)


def _share(value: int | str, replicas: int, *, rounding: Any) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return int(rounding(replicas * int(value[:-1]) / 100))
    return int(value)


def new_set_size(replicas: int, limits: Limits, *, new_wanted: int, all_wanted: int) -> int:
    """How large the new ReplicaSet may be now."""
    if new_wanted >= replicas:
        return replicas
    room = replicas + limits.surge - all_wanted
    return new_wanted if room <= 0 else new_wanted + min(room, replicas - new_wanted)


def old_set_sizes(replicas: int, limits: Limits, *, new: Counts, old: Sequence[Counts]) -> list[int]:
    """Sizes for the old ReplicaSets, oldest first: pods that do not work go first, then as many as may be missed."""
    sizes = [one.wanted for one in old]
    total = sum(sizes) + new.wanted
    may_go = total - (replicas - limits.unavailable) - (new.wanted - new.available)
    if may_go <= 0:
        return sizes
    for index, one in enumerate(old):
        broken = min(may_go, max(0, sizes[index] - one.available))
        sizes[index] -= broken
        may_go -= broken
    spare = sum(one.available for one in old) + new.available - (replicas - limits.unavailable)
    for index in range(len(sizes)):
        step = max(0, min(sizes[index], spare))
        sizes[index] -= step
        spare -= step
    return sizes


def proportional_sizes(target: int, sizes: Sequence[int]) -> list[int]:
    """Spreads a scaling over several ReplicaSets in the middle of a rollout, by their share; the newest last."""
    total = sum(sizes)
    if total == 0:
        return [*sizes[:-1], target] if sizes else []
    scaled = [round(size * target / total) for size in sizes]
    scaled[-1] = max(0, scaled[-1] + target - sum(scaled))
    return scaled


def template_hash(template: dict[str, Any], *, collisions: int = 0) -> str:
    """The pod-template-hash: FNV-1a of the template in letters that spell no words."""
    value = 0x811C9DC5
    for byte in orjson.dumps([template, collisions], option=orjson.OPT_SORT_KEYS):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(SAFE_LETTERS[ord(digit) % len(SAFE_LETTERS)] for digit in str(value))


def same_template(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Equal but for the hash label that the controller adds itself."""
    return _bare(one) == _bare(other)


def _bare(template: dict[str, Any]) -> dict[str, Any]:
    meta = {name: value for name, value in (template.get("metadata") or {}).items() if value}
    meta.pop("creationTimestamp", None)
    labels = {name: value for name, value in (meta.get("labels") or {}).items() if name != HASH_LABEL}
    return {**template, "metadata": {**meta, "labels": labels}}


def revision_of(annotations: dict[str, str] | None) -> int:
    text = (annotations or {}).get("deployment.kubernetes.io/revision", "0")
    return int(text) if re.fullmatch(r"\d+", text) else 0
