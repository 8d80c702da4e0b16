"""The service's database: the PostgreSQL cluster, the Database object, its role, and what the server answers."""

from collections.abc import Iterator
from datetime import timedelta

from core.patterns import Pattern
from core.resource_names import database_name
from diagnosis.choices import Severity, Verdict
from diagnosis.queries import environment, network, remedies
from diagnosis.queries.containers import described
from diagnosis.queries.findings import Evidence, Finding, field_fact, finding, ref
from diagnosis.queries.logs import crash_evidence, log_fact
from diagnosis.queries.objects import (
    Obj,
    age,
    condition,
    created,
    dig,
    mapping,
    name,
    namespace,
    number_at,
    text_at,
    when,
)
from diagnosis.queries.readings import Reading, readings
from diagnosis.queries.references import secret_names
from diagnosis.queries.scope import Scope
from diagnosis.queries.text import listed, shown

HEALTHY = "Cluster in healthy state"
SETTLED = timedelta(minutes=2)
SET_UP = timedelta(minutes=10)
CONFLICT = Pattern(r"(?i)already (?:managed|owned|exists|in use|reconciled)|conflict|duplicate")
NO_ROLE = Pattern(r"(?i)role \"?[\w\-]+\"? does not exist|42704|owner .*not (?:found|exist)")
WORD, HOST_WORD = Pattern(r"[\w\-]+"), Pattern(r"[A-Za-z][\w.\-]*")
NO_SECRET = Pattern(r'secrets? "([^"]+)" not found')


def databases(scope: Scope) -> list[Obj]:
    """Database objects of the target: itself, by the platform's naming, named in its configuration or in its log."""
    if scope.target.kind == "Database" and scope.target_object is not None:
        return [scope.target_object]
    own = database_name(scope.namespace, scope.service)
    secrets = {secret.removesuffix("-db-creds") for secret in secret_names(scope) if secret.endswith("-db-creds")}
    said = " ".join(reading.match.line for reading in readings(scope) if reading.match)
    told = _configured(scope)
    at_hosts = {(namespace(cluster), name(cluster)) for cluster in _clusters_at(scope, told)}
    found = []
    for obj in scope.snapshot.all("Database"):
        called, owner = text_at(obj, "spec", "name"), text_at(obj, "spec", "owner")
        words = WORD.findall(said)
        where = namespace(obj), text_at(obj, "spec", "cluster", "name")
        is_said = called in words or (owner and owner in words)
        if own in {called, owner} or {called, owner} & secrets or is_said or (where in at_hosts and called in told):
            found.append(obj)
    return found


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


def clusters(scope: Scope) -> list[Obj]:
    """PostgreSQL clusters the target uses: of its Databases, of its configured hosts, of the hosts in its log."""
    if scope.target.kind == "Cluster" and scope.target_object is not None:
        return [scope.target_object]
    found: dict[str, Obj] = {}
    for obj in databases(scope):
        cluster = scope.snapshot.get("Cluster", namespace(obj), text_at(obj, "spec", "cluster", "name"))
        if cluster is not None:
            found[name(cluster)] = cluster
    hosts = {reading.match.words.get("host", "") for reading in readings(scope) if reading.match} - {""}
    for cluster in _clusters_at(scope, hosts | _configured(scope)):
        found[name(cluster)] = cluster
    return list(found.values())


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


def check_database_cluster(scope: Scope) -> Iterator[Finding]:
    for cluster in clusters(scope):
        if not is_down(scope, cluster):
            continue
        phase, reason = text_at(cluster, "status", "phase"), text_at(cluster, "status", "phaseReason")
        ready, wanted = number_at(cluster, "status", "readyInstances"), number_at(cluster, "spec", "instances")
        said = f"{phase}{f' ({reason})' if reason else ''}" if phase and phase != HEALTHY else "no ready primary"
        title = f"The PostgreSQL cluster {namespace(cluster)}/{name(cluster)} is down: {shown(said, 160)}"
        evidence = [
            field_fact(cluster, "status.phase", phase or "none", "what the operator says"),
            field_fact(cluster, "status.readyInstances", f"{ready} of {wanted}", "ready instances"),
            Evidence(
                "object",
                "its Ready condition",
                ref(cluster),
                "status.conditions[Ready].message",
                shown(text_at(condition(cluster, "Ready"), "message")),
            ),
        ]
        detail = (
            f"{ready} of {wanted} instances are ready, so {scope.service} cannot reach "
            "its database; other services on it neither."
        )
        severity = Severity.WARNING if scope.is_complete else Severity.PROBLEM
        yield finding(
            "database-cluster-down",
            title,
            detail,
            evidence,
            [remedies.ask_platform(f"repair the cluster {name(cluster)}")],
            severity=severity,
            key=name(cluster),
        )


def check_database_objects(scope: Scope) -> Iterator[Finding]:
    for obj in databases(scope):
        cluster = scope.snapshot.get("Cluster", namespace(obj), text_at(obj, "spec", "cluster", "name"))
        problem = _role_problem(cluster, text_at(obj, "spec", "owner"))
        applied, message = dig(obj, "status", "applied"), text_at(obj, "status", "message")
        young = (age(scope.now, created(obj)) or SETTLED) < SETTLED
        if applied is False and CONFLICT.search(message) and not NO_ROLE.search(message):
            yield _conflict(scope, obj, message)
        elif (applied is False and NO_ROLE.search(message)) or (problem and applied is not None):
            yield _role_missing(scope, obj, cluster, message, problem)
        elif applied is False and not young and (cluster is None or not is_down(scope, cluster)):
            title = f"The database {text_at(obj, 'spec', 'name')} is not applied: {shown(message, 200)}"
            evidence = [
                Evidence("object", "what the operator says", ref(obj), "status.message", shown(message), None, True)
            ]
            cause = "database-name-conflict" if "exist" in message else "database-role-missing"
            yield finding(
                cause,
                title,
                "The operator tries again until it can.",
                evidence,
                [remedies.ask_platform("look at the Database object")],
                verdict=Verdict.SUSPECTED,
                key=name(obj),
            )


def _role_problem(cluster: Obj | None, role: str) -> str:
    """Why the operator cannot make the role, in its own words; "" when it can."""
    told = dig(cluster, "status", "managedRolesStatus", "cannotReconcile", role)
    return str(told[0]) if isinstance(told, list) and told else ""


def _conflict(scope: Scope, obj: Obj, message: str) -> Finding:
    called = text_at(obj, "spec", "name")
    others = [
        f"{namespace(other)}/{name(other)}" for other in scope.snapshot.all("Database")
        if other is not obj and text_at(other, "spec", "name") == called
    ]  # fmt: skip
    title = (
        f"The database name {called} is already managed by {listed(others) or 'another object'}, "
        f"so Database {name(obj)} is not applied"
    )
    evidence = [
        field_fact(obj, "status.applied", False, "not applied"),
        Evidence("object", "what the operator says", ref(obj), "status.message", shown(message), None, True),
    ]
    detail = "Two objects may not manage one database; the first keeps it."
    return finding(
        "database-name-conflict",
        title,
        detail,
        evidence,
        [
            remedies.say("Provision the database with another app name"),
            remedies.say("Or use the database that exists"),
        ],
        key=name(obj),
    )


def _role_missing(scope: Scope, obj: Obj, cluster: Obj | None, message: str, problem: str) -> Finding:
    owner = text_at(obj, "spec", "owner")
    why = f": {shown(problem, 200)}" if problem else ""
    title = (
        f"The database {text_at(obj, 'spec', 'name')} has no working owner: the role "
        f"{owner} does not exist or cannot be made{why}"
    )
    evidence = [field_fact(obj, "status.applied", dig(obj, "status", "applied"), "applied")]
    if message:
        evidence.append(
            Evidence("object", "what the operator says", ref(obj), "status.message", shown(message), None, True)
        )
    if problem:
        evidence.append(
            Evidence(
                "object",
                "why the role is missing",
                ref(cluster),
                f"status.managedRolesStatus.cannotReconcile[{owner}]",
                shown(problem),
                None,
                True,
            )
        )
    missing = NO_SECRET.search(problem)
    where = namespace(obj)
    detail = "PostgreSQL answers 'password authentication failed' also for a role that does not exist."
    if missing:
        here = [namespace(secret) for secret in scope.snapshot.all("Secret") if name(secret) == missing.group(1)]
        detail += (
            f" The password Secret {missing.group(1)} is missing in "
            f"{where}{f', though it exists in {listed(here)}' if here else ''}."
        )
    options = [
        remedies.provision_database(scope, "Provision the database again: it makes role and Secret"),
        remedies.ask_platform(f"sync the Secret into {where}"),
    ]
    return finding("database-role-missing", title, detail, evidence, options, key=name(obj))


def check_database_answers(scope: Scope) -> Iterator[Finding]:
    """What the server answered, by the log: wrong credentials, no connection left."""
    told: set[str] = set()
    for reading in readings(scope):
        cause = reading.match.cause if reading.match else ""
        if cause in {"db-auth-failed", "db-too-many-connections"} and cause not in told:
            told.add(cause)
            yield _answer(scope, reading, cause)


def _answer(scope: Scope, reading: Reading, cause: str) -> Finding:
    match, container = reading.match, reading.container
    assert match is not None
    if reading.is_crash:
        evidence = crash_evidence(container, reading.log, match)
    else:
        evidence = [log_fact(container, match.line, f"the log says so {match.count} times of late")]
    severity = Severity.WARNING if reading.is_quiet else Severity.PROBLEM
    if cause == "db-too-many-connections":
        title = (
            f"The {described(container)} gets no database connection: the pool or the server's connections are used up"
        )
        detail = f"{shown(match.line, 200)}"
        options = [
            remedies.say("Lower the pool size per pod, or close connections"),
            remedies.read_logs(scope),
        ]
        return finding(cause, title, detail, evidence, options, severity=severity, key=container.name)
    user = match.words.get("user", "")
    title = f"The database rejects the credentials{f' of user {user}' if user else ''}: {shown(match.line, 160)}"
    stale = _changed_since(scope, reading)
    evidence += stale
    detail = (
        "The Secret changed after the pod started; variables are read only at the start."
        if stale
        else "The password in the Secret is not the role's."
    )
    options = [
        remedies.say("Refresh the ExternalSecret and restart the service"),
        remedies.provision_database(scope, "Or provision the database again"),
    ]
    return finding(cause, title, detail, evidence, options, severity=severity, key=container.name)


def _changed_since(scope: Scope, reading: Reading) -> list[Evidence]:
    """Secrets the pod reads that were made or synced after it started."""
    started = when(dig(reading.container.pod, "status", "startTime")) or created(reading.container.pod)
    found = []
    for secret in secret_names(scope):
        obj = scope.snapshot.get("Secret", scope.namespace, secret)
        made = created(obj)
        if started and made and made > started:
            found.append(
                field_fact(obj, "metadata.creationTimestamp", made.isoformat(), "made after the pod started", made)
            )
        for external in scope.snapshot.all("ExternalSecret", scope.namespace):
            synced = when(dig(external, "status", "refreshTime"))
            changed = mapping(external, "spec", "target").get("name", name(external)) == secret
            if changed and started and synced and synced > started and not found:
                found.append(
                    field_fact(
                        external, "status.refreshTime", synced.isoformat(), "synced after the pod started", synced
                    )
                )
    return found
