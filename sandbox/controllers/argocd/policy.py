"""When an Application syncs by itself, and when a failed sync is tried again. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.controllers.argocd.comparing import Resource
from sandbox.controllers.argocd.reporting import revisions_in, source_fields
from sandbox.controllers.cache import Cache
from sandbox.controllers.client import Thing
from sandbox.controllers.clock import Clock

SELF_HEAL_S = 5.0


@dataclass
class Decision:
    """`start` an operation now, or look again `again_in_s`; `conditions` are (type, message) pairs."""

    start: bool = False
    again_in_s: float | None = None
    conditions: list[tuple[str, str]] = field(default_factory=list)


def decide(application: Thing, sync: dict[str, Any], resources: Sequence[Resource], clock: Clock) -> Decision:
    """Automated sync: once for every revision, and again for drift where self-healing is on."""
    state = (application.get("status") or {}).get("operationState") or {}
    conditions = _sync_error(application, sync, state)
    automated = (application["spec"].get("syncPolicy") or {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        return Decision(conditions=conditions)
    if sync["status"] != "OutOfSync" or application.get("operation"):
        return Decision(conditions=conditions)
    changed = [one for one in resources if not one.synced]
    if not automated.get("prune") and all(one.needs_pruning for one in changed):
        return Decision(conditions=conditions)
    if resources and all(one.needs_pruning for one in resources) and not automated.get("allowEmpty"):
        text = f"Skipping sync attempt to {_named(application, sync)}: auto-sync will wipe out all resources"
        return Decision(conditions=[*conditions, ("SyncError", text)])
    if not _attempted(application, sync, state):
        return Decision(start=True, conditions=conditions)
    if state.get("phase") != "Succeeded" or not automated.get("selfHeal"):
        return Decision(conditions=conditions)
    left = SELF_HEAL_S - clock.elapsed(state["finishedAt"])
    return Decision(start=left <= 0, again_in_s=max(left, 0.0), conditions=conditions)


def _attempted(application: Thing, sync: dict[str, Any], state: dict[str, Any]) -> bool:
    result = state.get("syncResult") or {}
    same_sources = all(result.get(name) == value for name, value in source_fields(application).items())
    return bool(result) and same_sources and revisions_in(application, result) == revisions_in(application, sync)


def _sync_error(application: Thing, sync: dict[str, Any], state: dict[str, Any]) -> list[tuple[str, str]]:
    if state.get("phase") not in ("Failed", "Error") or not _attempted(application, sync, state):
        return []
    return [("SyncError", f"Failed sync attempt to {_named(application, sync)}: {state.get('message', '')}")]


def _named(application: Thing, sync: dict[str, Any]) -> str:
    revisions = revisions_in(application, sync)
    return revisions[0] if len(revisions) == 1 else f"[{' '.join(revisions)}]"


def seconds_to_retry(operation: Thing, retries: int) -> float | None:
    """How long to wait before the next attempt; None when there are no more. A negative limit never gives up."""
    retry = operation.get("retry") or {}
    limit = retry.get("limit", 0)
    if 0 <= limit <= retries:
        return None
    backoff = retry.get("backoff") or {}
    first, factor = seconds(backoff.get("duration", "5s")), backoff.get("factor", 2)
    return float(min(first * factor**retries, seconds(backoff.get("maxDuration", "3m"))))


def seconds(text: str | int) -> float:
    """`1m30s` -> 90; a bare number counts seconds."""
    if re.fullmatch(r"\d+(\.\d+)?", str(text)):
        return float(text)
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", str(text))
    return sum(float(number) * units[unit] for number, unit in parts)


def project_problem(application: Thing, projects: Cache) -> str:
    """The message of InvalidSpecError where the project does not exist; `default` always does."""
    name = application["spec"].get("project") or "default"
    if name == "default" or projects.get(application["metadata"]["namespace"], name):
        return ""
    return f"Application referencing project {name} which does not exist"
