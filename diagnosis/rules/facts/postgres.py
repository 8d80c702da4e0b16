"""The PostgreSQL clusters and Database objects that the target uses."""

from datetime import timedelta

from core.patterns import Pattern
from core.resource_names import database_name, database_secret_name
from diagnosis.rules.facts import environment, network
from diagnosis.rules.facts.log_readings import readings
from diagnosis.rules.facts.objects import Obj, age, condition, created, name, namespace, number_at, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.secret_references import secret_names

WORD, HOST_WORD = Pattern(r"[\w\-]+"), Pattern(r"[A-Za-z][\w.\-]*")
SET_UP = timedelta(minutes=10)
HEALTHY = "Cluster in healthy state"


def databases(scope: Scope) -> list[Obj]:
    """Database objects of the target: itself, by the platform's naming, named in its configuration or in its log."""
    itself = scope.asked_about("Database")
    if itself:
        return itself
    own = database_name(scope.namespace, scope.service)
    secrets = set(secret_names(scope))
    said = " ".join(reading.match.line for reading in readings(scope) if reading.match)
    told = _configured(scope)
    at_hosts = {(namespace(cluster), name(cluster)) for cluster in _clusters_at(scope, told)}
    found = []
    for obj in scope.snapshot.all("Database"):
        called, owner = text_at(obj, "spec", "name"), text_at(obj, "spec", "owner")
        words = WORD.findall(said)
        where = namespace(obj), text_at(obj, "spec", "cluster", "name")
        is_said = called in words or (owner and owner in words)
        is_named = secrets & {database_secret_name(called), database_secret_name(owner)}
        if own in {called, owner} or is_named or is_said or (where in at_hosts and called in told):
            found.append(obj)
    return found


def clusters(scope: Scope) -> list[Obj]:
    """PostgreSQL clusters the target uses: of its Databases, of its configured hosts, of the hosts in its log."""
    itself = scope.asked_about("Cluster")
    if itself:
        return itself
    found: dict[str, Obj] = {}
    for obj in databases(scope):
        cluster = scope.snapshot.get("Cluster", namespace(obj), text_at(obj, "spec", "cluster", "name"))
        if cluster is not None:
            found[name(cluster)] = cluster
    hosts = {reading.match.words.get("host", "") for reading in readings(scope) if reading.match} - {""}
    for cluster in _clusters_at(scope, hosts | _configured(scope)):
        found[name(cluster)] = cluster
    return list(found.values())


def _configured(scope: Scope) -> set[str]:
    """The words of the containers' variables: host names, database names."""
    values = [
        variable.value or ""
        for container in scope.containers
        for variable in environment.of_container(scope, container).values()
    ]
    return {word for value in values for word in HOST_WORD.findall(value)}


def _clusters_at(scope: Scope, hosts: set[str]) -> list[Obj]:
    services = [network.service_of(scope.snapshot, host, scope.namespace) for host in hosts]
    found = [network.cluster_behind(scope.snapshot, service) for service in services if service is not None]
    return [cluster for cluster in found if cluster is not None]


def is_down(scope: Scope, cluster: Obj) -> bool:
    """No primary that takes writes: by the writable Service's endpoints, else by the Ready condition."""
    writable = text_at(cluster, "status", "writeService") or f"{name(cluster)}-rw"
    service = scope.snapshot.get("Service", namespace(cluster), writable)
    answers = network.has_ready_endpoint(scope.snapshot, service) if service else None
    if answers is not None:
        return not answers
    ready = condition(cluster, "Ready")
    none_ready = number_at(cluster, "status", "readyInstances") == 0
    phase, lived = text_at(cluster, "status", "phase"), age(scope.now, created(cluster)) or SET_UP
    unwell = bool(ready) or (phase not in {"", HEALTHY} and lived >= SET_UP)
    return ready.get("status") == "False" or (none_ready and unwell)
