"""One stored object: its encoded form and the few facts that lists, watches and garbage collection ask for.

Objects are kept as bytes only, since five thousand decoded pods cost ten times what their bytes do; whoever needs the
object decodes it.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.kubeapi.resources import Resource

Object = dict[str, Any]


def at_path(value: Any, path: str) -> Any:
    """The member at a dotted path such as `spec.nodeName`; None where anything on the way is absent."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _as_label(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _selectable(resource: Resource, obj: Object) -> dict[str, str]:
    found = {}
    for path in resource.selectable:
        value = at_path(obj, path)
        if path == "source" and isinstance(value, dict):
            value = value.get("component")
        elif path == "reportingComponent" and value is None:
            value = obj.get("reportingComponent")
        elif path == "spec.unschedulable" and value is None:
            value = False
        found[path] = _as_label(value)
    return found


@dataclass(frozen=True, slots=True)
class Entry:
    data: bytes
    namespace: str
    name: str
    uid: str
    version: int
    labels: dict[str, str]
    fields: dict[str, str]
    owners: tuple[str, ...]
    deleting: bool

    def load(self) -> Object:
        decoded: Object = orjson.loads(self.data)
        return decoded


def make_entry(resource: Resource, obj: Object, version: int) -> Entry:
    metadata = obj["metadata"]
    return Entry(
        data=orjson.dumps(obj),
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        version=version,
        labels=metadata.get("labels") or {},
        fields=_selectable(resource, obj),
        owners=tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ()),
        deleting="deletionTimestamp" in metadata,
    )
