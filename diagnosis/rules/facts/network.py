"""Hosts and ports as the cluster knows them: which Service a host is, whether anything answers behind it."""

import ipaddress
from difflib import get_close_matches

from core.patterns import Pattern
from diagnosis.rules.facts.containers import containers_of, is_over, is_ready
from diagnosis.rules.facts.objects import (
    Obj,
    controller,
    dig,
    items,
    kind,
    labels,
    mapping,
    matches_labels,
    name,
    namespace,
    number_at,
    text_at,
)
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.snapshot import Snapshot
from diagnosis.rules.wording import count_of

DATABASE_PORTS = frozenset({"5432", "6432", "3306", "27017", "1433", "1521", "26257", "9042", "5433"})
CACHE_PORTS = frozenset({"6379", "11211"})
DATABASE_WORDS = Pattern(
    r"(?i)postgres|psycopg|pgbouncer|\bpg[_\-x]|mysql|mariadb|mongo|database|\bjdbc|\bsql|\bdb\b|[_\-]db\b|\bdb[_\-]|cassandra|cockroach"
)
PORT_BEHIND = Pattern(r":(\d{2,5})")
ROLE = Pattern(r"-(rw|ro|r)$")
CACHE_WORDS = Pattern(r"(?i)redis|valkey|memcache")


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback)


def service_of(snapshot: Snapshot, host: str, home: str) -> Obj | None:
    """The Service a host name or cluster address stands for, seen from namespace `home`."""
    if is_address(host):
        for service in snapshot.all("Service"):
            if host == text_at(service, "spec", "clusterIP") or host in (dig(service, "spec", "clusterIPs") or []):
                return service
        return None
    parts = split_host(host, home)
    return snapshot.get("Service", parts[1], parts[0]) if parts else None


def split_host(host: str, home: str) -> tuple[str, str] | None:
    """(service, namespace) of an in-cluster name; None for a name that is none, such as api.example.com."""
    bare = host.rstrip(".").removesuffix(".cluster.local")
    labels_ = bare.split(".")
    if len(labels_) == 1:
        return labels_[0], home
    if labels_[-1] == "svc" and len(labels_) >= 3:
        return labels_[-3], labels_[-2]
    return (labels_[0], labels_[1]) if len(labels_) == 2 else None


def near_services(scope: Scope, host: str) -> list[str]:
    """Services with a name like the host's, in the namespace meant, best first; other namespaces by full name."""
    meant = split_host(host, scope.namespace)
    short, where = meant or (host.split(".")[0], scope.namespace)
    here = [name(obj) for obj in scope.snapshot.all("Service", where)]
    close = [other for other in here if other in short or short in other] + get_close_matches(short, here, 3, 0.6)
    elsewhere = [
        f"{name(obj)}.{namespace(obj)}" for obj in scope.snapshot.all("Service")
        if name(obj) == short and namespace(obj) != where
    ]  # fmt: skip
    return list(dict.fromkeys([*elsewhere, *sorted(close, key=len)]))[:3]


def backing_pods(snapshot: Snapshot, service: Obj) -> list[Obj]:
    selector = mapping(service, "spec", "selector")
    return [
        pod for pod in snapshot.all("Pod", namespace(service))
        if selector and matches_labels(selector, labels(pod)) and not is_over(pod)
    ]  # fmt: skip


def has_ready_endpoint(snapshot: Snapshot, service: Obj) -> bool | None:
    """By EndpointSlices, else Endpoints, else by the pods; None when the Service has no selector to judge by."""
    slices = [
        obj for obj in snapshot.all("EndpointSlice", namespace(service))
        if labels(obj).get("kubernetes.io/service-name") == name(service)
    ]  # fmt: skip
    if slices:
        return any(
            dig(entry, "conditions", "ready") is not False for obj in slices for entry in items(obj, "endpoints")
        )
    endpoints = snapshot.get("Endpoints", namespace(service), name(service))
    if endpoints is not None:
        return any(items(subset, "addresses") for subset in items(endpoints, "subsets"))
    if not mapping(service, "spec", "selector") or not snapshot.readable("EndpointSlice", "Pod"):
        return None
    return any(is_ready(pod) for pod in backing_pods(snapshot, service))


def ports_of(service: Obj) -> list[str]:
    return [str(number_at(entry, "port")) for entry in items(service, "spec", "ports")]


def workload_behind(snapshot: Snapshot, service: Obj) -> Obj | None:
    """The Deployment, StatefulSet, DaemonSet or CNPG Cluster whose pods the Service selects."""
    selector = mapping(service, "spec", "selector")
    for kind_ in ("Deployment", "StatefulSet", "DaemonSet", "Rollout"):
        for obj in snapshot.all(kind_, namespace(service)):
            if selector and matches_labels(selector, mapping(obj, "spec", "template", "metadata", "labels")):
                return obj
    for pod in backing_pods(snapshot, service):
        owner = controller(pod)
        found = snapshot.get(str(owner.get("kind")), namespace(pod), str(owner.get("name")))
        if found is not None:
            return found
    owner = controller(service)
    return snapshot.get(str(owner.get("kind")), namespace(service), str(owner.get("name"))) if owner else None


def cluster_behind(snapshot: Snapshot, service: Obj) -> Obj | None:
    """The CNPG Cluster a Service leads to, directly or through a Pooler."""
    selector = mapping(service, "spec", "selector")
    cluster = selector.get("cnpg.io/cluster", "")
    pooler = snapshot.get("Pooler", namespace(service), selector.get("cnpg.io/poolerName", ""))
    cluster = cluster or text_at(pooler, "spec", "cluster", "name")
    if not cluster and kind(workload_behind(snapshot, service) or {}) == "Cluster":
        return workload_behind(snapshot, service)
    if not cluster:
        bare = ROLE.sub("", name(service))
        return snapshot.get("Cluster", namespace(service), bare)
    return snapshot.get("Cluster", namespace(service), cluster)


def state_words(snapshot: Snapshot, service: Obj) -> str:
    """Why nothing answers behind a Service, in a few words: "Deployment ledger-db has 0 of 1 pods ready: OOMKilled"."""
    workload = workload_behind(snapshot, service)
    pods = backing_pods(snapshot, service)
    ready = sum(is_ready(pod) for pod in pods)
    if workload is not None and dig(workload, "spec", "replicas") == 0:
        return f"{kind(workload)} {name(workload)} is scaled to 0"
    head = f"{kind(workload)} {name(workload)}" if workload else f"Service {name(service)}"
    if not pods:
        return f"{head} has no pods"
    reasons = [
        container.exit_reason if container.exit_reason not in {"", "Error", "Completed"} else container.waiting_reason
        for pod in pods for container in containers_of(pod) if not container.is_ready and not container.is_init
    ]  # fmt: skip
    why = next((reason for reason in reasons if reason), "")
    return f"{head} has {ready} of {count_of(len(pods), 'pod')} ready{f': {why}' if why else ''}"


def port_behind(host: str, line: str) -> str:
    """The port that follows the host in a log line, "" where none does."""
    found = (PORT_BEHIND.match(rest) for rest in line.split(host)[1:])
    return next((port[1] for port in found if port), "")


def is_database(host: str, port: str, line: str, variable: str = "") -> bool:
    """Whether a host is a database, by the variable that names it, its port, its name, or the words around it."""
    if port in DATABASE_PORTS or DATABASE_WORDS.search(f"{variable} {host}"):
        return True
    if port or variable:
        return False
    return bool(DATABASE_WORDS.search(line)) and not CACHE_WORDS.search(host)


def is_cache(host: str, port: str, line: str, variable: str = "") -> bool:
    return (
        port in CACHE_PORTS
        or bool(CACHE_WORDS.search(f"{variable} {host}"))
        or (not port and bool(CACHE_WORDS.search(line)))
    )
