"""All objects, the resource version and the logs of changes. Knows no rule of the API; `writes` and `deletion` do."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from sandbox.kubeapi.entries import Entry, Object, make_entry
from sandbox.kubeapi.eventlog import Change, EventLog
from sandbox.kubeapi.resources import Resource

Key = tuple[str, str]
# Resource versions start from the clock: after a restart every version a client remembers is older than the first one
# given out, so its watch ends in 410 and a new list instead of missing changes in silence.
_EPOCH = 1_700_000_000
# More than it can make: a server that is started again must begin above every version of the one before.
WRITES_A_SECOND = 10_000


class Store:
    def __init__(self) -> None:
        self.version = int((time.time() - _EPOCH) * WRITES_A_SECOND)
        self._started_at = self.version
        self._objects: dict[Key, dict[str, dict[str, Entry]]] = defaultdict(dict)
        self._logs: dict[Key, EventLog] = {}
        self._dependents: dict[str, set[tuple[Key, str, str]]] = defaultdict(set)
        self._uids: set[str] = set()
        self.listeners: list[Callable[[Resource, Change], None]] = []

    def log(self, key: Key) -> EventLog:
        if key not in self._logs:
            self._logs[key] = EventLog(compacted_at=self._started_at)
        return self._logs[key]

    def get(self, key: Key, namespace: str, name: str) -> Entry | None:
        return self._objects[key].get(namespace, {}).get(name)

    def entries(self, key: Key, namespace: str = "") -> list[Entry]:
        """In the order of the real server's keys: namespace, then name. All namespaces for an empty one."""
        places = self._objects[key]
        wanted = [namespace] if namespace else sorted(places)
        return [entry for place in wanted for _, entry in sorted(places.get(place, {}).items())]

    def count(self, key: Key, namespace: str) -> int:
        return len(self._objects[key].get(namespace, ()))

    def in_namespace(self, namespace: str) -> Iterator[tuple[Key, Entry]]:
        for key, places in list(self._objects.items()):
            for entry in list(places.get(namespace, {}).values()):
                yield key, entry

    def exists(self, uid: str) -> bool:
        return uid in self._uids

    def dependents(self, uid: str) -> list[tuple[Key, Entry]]:
        """Everything whose ownerReferences name this uid."""
        found = []
        for key, namespace, name in self._dependents.get(uid, ()):
            entry = self.get(key, namespace, name)
            if entry:
                found.append((key, entry))
        return found

    def put(self, resource: Resource, obj: Object) -> Entry:
        """Stores the object under a new resource version and tells the watchers."""
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        entry = make_entry(resource, obj, self.version)
        place = self._objects[resource.key].setdefault(entry.namespace, {})
        before = place.get(entry.name)
        place[entry.name] = entry
        if before:
            self._unlink(resource.key, before)
        self._link(resource.key, entry)
        self._append(resource, Change(self.version, "MODIFIED" if before else "ADDED", entry, before))
        return entry

    def remove(self, resource: Resource, entry: Entry) -> Object:
        """Takes the object away; answers it as it last was, with the resource version of its end."""
        self.version += 1
        obj = entry.load()
        obj["metadata"]["resourceVersion"] = str(self.version)
        place = self._objects[resource.key].get(entry.namespace, {})
        place.pop(entry.name, None)
        if not place:
            self._objects[resource.key].pop(entry.namespace, None)
        self._unlink(resource.key, entry)
        last = make_entry(resource, obj, self.version)
        self._append(resource, Change(self.version, "DELETED", last, entry))
        return obj

    def forget_kind(self, key: Key) -> None:
        self._objects.pop(key, None)
        self._logs.pop(key, None)

    def _append(self, resource: Resource, change: Change) -> None:
        self.log(resource.key).append(change)
        for listener in self.listeners:
            listener(resource, change)

    def _link(self, key: Key, entry: Entry) -> None:
        self._uids.add(entry.uid)
        for owner in entry.owners:
            self._dependents[owner].add((key, entry.namespace, entry.name))

    def _unlink(self, key: Key, entry: Entry) -> None:
        self._uids.discard(entry.uid)
        for owner in entry.owners:
            held = self._dependents.get(owner)
            if held:
                held.discard((key, entry.namespace, entry.name))
                if not held:
                    del self._dependents[owner]
