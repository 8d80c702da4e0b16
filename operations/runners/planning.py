"""The plan of a change to files in git: what people read before they confirm, the same JSON at every door.

Nothing is written. The hash of a plan covers the files it was made from and those it would leave, so a change to any
of them voids the plan and a change elsewhere in the repository does not.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from integrations.gitops import FilePlan, unified_diff
from operations.runners.rendering import Rendering
from operations.runners.workloads import identity_of, workloads_of

# Of files that no chart reads.
NOTHING_RENDERED = Rendering([], [], [])


def hash_of(operation: str, files: Sequence[FilePlan], *also: str) -> str:
    """`also` is what else the plan was made from, such as the id of a chart."""
    seed = [operation, *(part for file in files for part in (file.path, file.blob_id, file.after)), *also]
    return hashlib.sha256(json.dumps(seed, sort_keys=True).encode()).hexdigest()[:16]


def plan_of(
    operation: str,
    files: Sequence[FilePlan],
    rendering: Rendering = NOTHING_RENDERED,
    *,
    summary: str,
    subject: str = "",
    plan_hash: str = "",
    quota: Sequence[Mapping[str, Any]] = (),
    warnings: Sequence[str] = (),
    target: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """JSON: hash, file diff, object diffs, quota fit, restarts, warnings, whether anything changes.

    `subject` is the first line of the commit to be, the summary where left out; `target` is what the operation settled
    that was left to it. `plan_hash` is that of the files alone where left out. With several files, `files` holds each
    and `path`, `blob` and `created` are those of the first; they are empty where no file is left to change.
    """
    objects = object_changes(rendering.before, rendering.after)
    first = described(files[0]) if files else {"path": "", "blob": "", "created": False}
    several = {"files": [described(file) for file in files]} if len(files) > 1 else {}
    return {
        "hash": plan_hash or hash_of(operation, files),
        "operation": operation,
        "summary": summary,
        "subject": subject or summary,
        "target": dict(target or {}),
        **first,
        "changed": any(file.changed for file in files),
        "diff": "".join(file.diff for file in files),
        **several,
        "objects": objects,
        "quota": list(quota),
        "restarts": restarts(objects),
        "warnings": [*warnings, *rendering.warnings],
    }


def described(file: FilePlan) -> dict[str, Any]:
    return {
        "path": file.path,
        "blob": file.blob_id,
        "created": file.before is None,
        "changed": file.changed,
        "diff": file.diff,
    }


def blobs_seen(plan: Mapping[str, Any]) -> dict[str, str] | None:
    """The blob ids that people saw in a plan, by path, as a commit expects them. None without a plan."""
    if "blob" not in plan:
        return None
    return {file["path"]: file["blob"] for file in plan.get("files", [plan])}


def object_changes(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry per object that differs: `{"kind", "name", "change", "diff"}`."""
    old, new = by_identity(before), by_identity(after)
    changes = []
    for identity in sorted(old.keys() | new.keys()):
        was, becomes = as_yaml(old.get(identity)), as_yaml(new.get(identity))
        if was != becomes:
            change = "created" if identity not in old else "removed" if identity not in new else "changed"
            kind, name = identity
            diff = unified_diff(was, becomes, f"{kind}/{name}")
            changes.append({"kind": kind, "name": name, "change": change, "diff": diff})
    return changes


def by_identity(objects: Sequence[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {identity_of(item): item for item in objects}


def as_yaml(item: dict[str, Any] | None) -> str:
    return yaml.safe_dump(item, sort_keys=True, width=120, allow_unicode=True) if item else ""


def restarts(objects: Sequence[Mapping[str, Any]]) -> str:
    """Of the changed objects, the workload first met decides."""
    workload = next(iter(workloads_of(objects)), None)
    if workload is None:
        return "Nothing restarts."
    if workload["change"] == "created":
        return "Its first pods start."
    if only_scales(workload["diff"]):
        return "Pods are added or removed; the others keep running."
    return "Every pod is replaced, a few at a time; the old version answers until the new one is ready."


def only_scales(diff: str) -> bool:
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return bool(changed) and all("replicas:" in line for line in changed)
