"""One object in the versions and groups through which it is served.

Custom kinds differ between versions by their apiVersion alone. Events are stored in the form of the core group;
events.k8s.io gives the same objects under newer names of their members.
"""

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.resources import Resource

EVENTS_GROUP = "events.k8s.io"
# The name in events.k8s.io, then the name in the core group.
_RENAMED = {
    "note": "message",
    "regarding": "involvedObject",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_OLD_NAMES = {old: new for new, old in _RENAMED.items()}


def is_new_event(resource: Resource) -> bool:
    return resource.group == EVENTS_GROUP and resource.plural == "events"


def as_served(resource: Resource, stored: Object) -> Object:
    """The stored object as the group and version of the request show it."""
    if is_new_event(resource):
        stored = {_OLD_NAMES.get(name, name): value for name, value in stored.items()}
    stored["apiVersion"] = resource.group_version
    return stored


def as_stored(resource: Resource, obj: Object) -> Object:
    """The members of an object of the request under the names they are stored by; metadata is shared."""
    if not is_new_event(resource):
        return obj
    return {_RENAMED.get(name, name): value for name, value in obj.items()}


def stored_path(path: str) -> str:
    """The stored name of a member of an event that a selector names by its new one."""
    first, dot, rest = path.partition(".")
    return f"{_RENAMED.get(first, first)}{dot}{rest}"
