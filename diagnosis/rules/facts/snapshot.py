"""All objects that concern one target, read once: indexes by kind, owner and event, and the logs.

A snapshot does not judge. What could not be read is kept as a source with its error, so that a check can say
"could not tell" instead of "absent".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from diagnosis.rules.facts.events import Event, about, read_event
from diagnosis.rules.facts.objects import Obj, is_owned_by, items, kind, name, namespace, text_at

# Kinds whose name another API group uses too: only these groups count under the short name.
OWN_GROUP = {
    "Service": "", "Secret": "", "Namespace": "", "Node": "", "Pod": "", "Event": "*",
    "Ingress": "networking.k8s.io", "Certificate": "cert-manager.io", "Cluster": "postgresql.cnpg.io",
    "Database": "postgresql.cnpg.io", "Application": "argoproj.io", "Order": "acme.cert-manager.io",
    "Challenge": "acme.cert-manager.io", "Deployment": "apps", "NetworkPolicy": "networking.k8s.io",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One read: what, whether it worked, how old the answer is in seconds, and the error in words."""

    name: str
    ok: bool = True
    age_s: float = 0.0
    error: str = ""
    kinds: tuple[str, ...] = ()


@dataclass
class Snapshot:
    """`logs` maps (pod, container, previous) to the text; an absent key means the server had none."""

    objects: list[Obj]
    logs: Mapping[tuple[str, str, bool], str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_kind: dict[str, dict[tuple[str, str], Obj]] = defaultdict(dict)
        self._children: dict[str, list[Obj]] = defaultdict(list)
        self._events: dict[tuple[str, str, str], list[Obj]] = defaultdict(list)
        self._sorted: dict[tuple[str, str, str], list[Event]] = {}
        for obj in self.objects:
            self._take(obj)
        self._unread = {kind_ for source in self.sources if not source.ok for kind_ in source.kinds}
        # Sources that name their kinds hold only those; a dump names none and holds everything there is.
        self._read = {kind_ for source in self.sources for kind_ in source.kinds} - self._unread

    def _take(self, obj: Obj) -> None:
        kind_ = kind(obj)
        if kind_ == "Event":
            self._events[about(obj)].append(obj)
            return
        group = str(obj.get("apiVersion") or "").rpartition("/")[0]
        if OWN_GROUP.get(kind_, group) != group:
            kind_ = f"{kind_}.{group}"
        self._by_kind[kind_][namespace(obj), name(obj)] = obj
        for owner in items(obj, "metadata", "ownerReferences"):
            for key in {text_at(owner, "uid"), f"{owner.get('kind')}/{owner.get('name')}"} - {""}:
                self._children[key].append(obj)

    def get(self, kind_: str, namespace_: str, name_: str) -> Obj | None:
        """The object, or None. Cluster-wide kinds take "" as namespace."""
        return self._by_kind.get(kind_, {}).get((namespace_, name_))

    def all(self, kind_: str, namespace_: str | None = None) -> list[Obj]:
        """All of a kind, in the order read; of one namespace where it is given."""
        found = self._by_kind.get(kind_, {})
        return [obj for (where, _), obj in found.items() if namespace_ is None or where == namespace_]

    def children(self, owner: Obj, kind_: str) -> list[Obj]:
        """Objects of a kind whose ownerReferences name `owner`, in the same namespace."""
        uid = text_at(owner, "metadata", "uid")
        found = self._children.get(uid) or self._children.get(f"{kind(owner)}/{name(owner)}", [])
        here = namespace(owner)
        return [obj for obj in found if kind(obj) == kind_ and namespace(obj) == here and is_owned_by(obj, owner)]

    def events(self, kind_: str, namespace_: str, name_: str) -> list[Event]:
        """Oldest first."""
        key = (kind_, namespace_, name_)
        if key not in self._sorted:
            found = [read_event(obj) for obj in self._events.get(key, ())]
            self._sorted[key] = sorted(found, key=lambda event: event.last.timestamp() if event.last else 0.0)
        return self._sorted[key]

    def events_in(self, namespace_: str, kind_: str, *, reason: str) -> list[Event]:
        """Events of one reason about objects of a kind in a namespace, those that exist no more included."""
        raw = [obj for key in self._events if key[:2] == (kind_, namespace_) for obj in self._events[key]]
        return [read_event(obj) for obj in raw if obj.get("reason") == reason]

    def log(self, pod: str, container: str, *, previous: bool = False) -> str | None:
        return self.logs.get((pod, container, previous))

    def readable(self, *kinds: str) -> bool:
        """Whether the absence of an object proves anything: all sources of these kinds were asked and answered."""
        return not self._unread.intersection(kinds) and (not self._read or self._read.issuperset(kinds))


def flattened(documents: Iterable[object]) -> list[Obj]:
    """Objects out of documents, Lists opened, everything that is no object dropped."""
    found: list[Obj] = []
    for document in documents:
        if not isinstance(document, dict):
            continue
        kind_ = str(document.get("kind") or "")
        if kind_.endswith("List") and isinstance(document.get("items"), list):
            single = kind_.removesuffix("List")
            defaults = {"kind": single, "apiVersion": document.get("apiVersion")} if single else {}
            found += flattened({**defaults, **entry} for entry in document["items"] if isinstance(entry, dict))
        elif kind_:
            found.append(document)
    return found
