"""What the program cannot reach: a name that does not resolve, a port that refuses, a dependency that is down."""

from collections.abc import Iterator

from core.patterns import Pattern
from diagnosis.choices import Severity, Verdict
from diagnosis.rules.facts import environment, network, network_policies
from diagnosis.rules.facts.containers import containers_of, described
from diagnosis.rules.facts.environment import Variable
from diagnosis.rules.facts.log_readings import Reading, readings
from diagnosis.rules.facts.network_policies import Peer
from diagnosis.rules.facts.objects import Obj, items, kind, labels, name, namespace, number_at, text_at
from diagnosis.rules.facts.probe_failures import port_of
from diagnosis.rules.facts.rollout import consequence
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding
from diagnosis.rules.report.log_evidence import crash_evidence, log_fact
from diagnosis.rules.wording import listed

NO_ANSWER = Pattern(
    r"(?i)EAI_AGAIN|temporary failure|i/o timeout|server misbehaving|try again|timed "
    r"out|connection refused|no servers could be reached"
)
CLUSTER_PLUGIN = Pattern(r"(?m)^\s*kubernetes\b")
SLOW = Pattern(r"(?i)time|deadline|unreachable|no route")


def check_connections(scope: Scope) -> Iterator[Finding]:
    """One finding per container and cause."""
    told: set[tuple[str, str]] = set()
    for reading in readings(scope):
        found = _judged(scope, reading)
        if found and (found.cause, found.key) not in told:
            told.add((found.cause, found.key))
            yield found


def is_explained(scope: Scope, reading: Reading) -> bool:
    """Whether what the log blames has a finding of its own, so that the crash needs no other name."""
    cause = reading.match.cause if reading.match else ""
    if cause in {"connection", "db-connection-failed"}:
        return _judged(scope, reading) is not None
    return cause != ""


def _judged(scope: Scope, reading: Reading) -> Finding | None:
    match = reading.match
    if match is None:
        return None
    if match.cause == "hostname-unresolvable":
        return _unresolved(scope, reading)
    if match.cause in {"connection", "db-connection-failed"}:
        return _refused(scope, reading)
    if match.cause == "app-certificate-expired" and not reading.is_crash:
        title = f"The {described(reading.container)} fails because a certificate it uses has expired"
        return _found(
            scope, reading, "app-certificate-expired", title, "", [], "Renew the certificate, then restart the service"
        )
    return None


def _found(scope: Scope, reading: Reading, cause: str, title: str, detail: str, more: list[Evidence], todo: str,
           verdict: Verdict = Verdict.CONFIRMED, key: str = "", sets: str = "") -> Finding:  # fmt: skip
    """`sets` is the variable that mends it, as NAME=value, where one would."""
    container = reading.container
    evidence = crash_evidence(container, reading.log, reading.match) if reading.is_crash else []
    if reading.match and not reading.is_crash:
        evidence.append(log_fact(container, reading.match.line, f"the log says so {reading.match.count} times of late"))
    severity = Severity.WARNING if reading.is_quiet else Severity.PROBLEM
    effect = (
        f"The {described(container)} cannot stay up without it, {consequence(scope)}."
        if reading.is_crash
        else f"{scope.service} has {len(scope.ready_pods)} of {scope.desired} pods ready."
    )
    mend = remedies.configure(scope, todo, env_vars=sets) if sets else remedies.say(todo)
    options = [mend, remedies.read_logs(scope)]
    return finding(cause, title, f"{detail} {effect}".strip(), [*evidence, *more], options,
                   severity=severity, verdict=verdict, key=key or container.name)  # fmt: skip


def _source(reading: Reading) -> Peer:
    return network_policies.peer_of(reading.container.pod)


def _unresolved(scope: Scope, reading: Reading) -> Finding | None:
    match = reading.match
    assert match is not None
    host = match.words.get("host", "").strip(".")
    policies = network_policies.blocking_dns(scope.snapshot, _source(reading))
    if policies:
        return _dns_blocked(scope, reading, host, policies)
    down = dns_trouble(scope)
    if down:
        return _dns_down(scope, reading, host, *down)
    variable = environment.naming(environment.of_container(scope, reading.container), host) if host else None
    called = variable.name if variable else ""
    port = network.port_behind(host, match.line) if host else ""
    is_db = network.is_database(host, port, match.line, called) and not network.is_cache(host, port, "", called)
    cause = "db-host-unresolvable" if is_db else "hostname-unresolvable"
    near = network.near_services(scope, host) if host else []
    siblings = _siblings(scope, called, host)
    where = f" (set by {called} from {variable.origin})" if variable else ""
    title = (
        f"The {'database host' if is_db else 'host'} {host or 'it asks for'}{where} "
        "does not resolve: no such name exists"
    )
    hint = f"A Service named {listed(near)} exists." if near else ""
    if siblings:
        hint += f" Other workloads of the namespace use {listed(siblings)}."
    more = (
        [
            field_fact(
                reading.container.pod,
                f"spec.containers[{reading.container.name}].env[{called}]",
                host,
                "the host configured",
            )
        ]
        if variable
        else []
    )
    right = (siblings or near or [""])[0]
    todo = f"Set {called or 'the host'} to {right or 'a host that exists'}"
    sets = f"{called}={right}" if right and variable and variable.value == host else ""
    exists = network.service_of(scope.snapshot, host, scope.namespace) is not None
    verdict = Verdict.SUSPECTED if exists or NO_ANSWER.search(match.line) else Verdict.CONFIRMED
    return _found(scope, reading, cause, title, hint.strip(), more, todo, verdict, sets=sets)


def _siblings(scope: Scope, variable: str, host: str) -> list[str]:
    """What the other workloads of the namespace set the same variable to."""
    found: list[str] = []
    for kind_ in ("Deployment", "StatefulSet"):
        for obj in scope.snapshot.all(kind_, scope.namespace):
            for spec in items(obj, "spec", "template", "spec", "containers"):
                other = environment.variables(scope, spec).get(variable) if variable else None
                if other and other.value and other.value != host:
                    found.append(other.value)
    return list(dict.fromkeys(found))[:3]


def _dns_blocked(scope: Scope, reading: Reading, host: str, policies: list[Obj]) -> Finding:
    names = listed([name(policy) for policy in policies])
    title = f"The network policy {names} denies the pods egress to DNS (port 53), so no host name resolves"
    more = [field_fact(policy, "spec.egress", _egress_words(policy), "what it lets out") for policy in policies[:4]]
    detail = f"The program fails to look up {host}." if host else ""
    return _found(
        scope,
        reading,
        "network-policy-blocks-dns",
        title,
        detail,
        more,
        "Allow egress to kube-system on port 53, UDP and TCP",
        key="dns",
    )


def _egress_words(policy: Obj) -> str:
    rules = items(policy, "spec", "egress")
    if not rules:
        return "nothing"
    ports = [
        f"{port.get('protocol') or 'TCP'} {port.get('port') or 'any'}"
        for rule in rules
        for port in items(rule, "ports")
    ]
    return f"{len(rules)} rules, ports {listed(ports) or 'any'}"


def dns_trouble(scope: Scope) -> tuple[str, list[Evidence]] | None:
    """(what is wrong with the cluster's DNS, evidence), None when it is well or not seen."""
    for service in scope.snapshot.all("Service", network_policies.DNS_NAMESPACE):
        if name(service) not in {"kube-dns", "coredns"} and labels(service).get("k8s-app") != "kube-dns":
            continue
        if network.has_ready_endpoint(scope.snapshot, service) is False:
            said = network.state_words(scope.snapshot, service)
            pods = network.backing_pods(scope.snapshot, service)
            more = [field_fact(service, "EndpointSlice.endpoints", "none ready", "nothing answers for DNS")]
            more += [field_fact(pod, "status.containerStatuses[].state", said, "the DNS server") for pod in pods[:2]]
            return said, more
    config = scope.snapshot.get("ConfigMap", network_policies.DNS_NAMESPACE, "coredns")
    corefile = text_at(config, "data", "Corefile")
    if corefile and not CLUSTER_PLUGIN.search(corefile):
        return "its Corefile lacks the kubernetes plugin", [
            field_fact(config, "data.Corefile", corefile, "the DNS server's configuration")
        ]
    return None


def _dns_down(scope: Scope, reading: Reading, host: str, said: str, more: list[Evidence]) -> Finding:
    title = f"The cluster's DNS does not answer: {said}"
    detail = f"So {host or 'no host name'} cannot be looked up; every service of the cluster is concerned."
    return _found(
        scope,
        reading,
        "cluster-dns-down",
        title,
        detail,
        more,
        "Repair CoreDNS in kube-system (platform admin)",
        key="dns",
    )


def _refused(scope: Scope, reading: Reading) -> Finding | None:
    match = reading.match
    assert match is not None
    host, port = match.words.get("host", "").strip("[]."), match.words.get("port", "")
    found = environment.of_container(scope, reading.container)
    variable = environment.naming(found, host) if host else None
    service = network.service_of(scope.snapshot, host, scope.namespace) if host else None
    called = variable.name if variable else ""
    asked = name(service) if service and network.is_address(host) else host
    store = network.is_database(asked, port, match.line, called) or network.is_cache(asked, port, match.line, called)
    store = store or match.cause == "db-connection-failed"
    if not host and not store:
        return _of_configured(scope, reading)
    if service is None or network.is_loopback(host):
        return _unknown_host(scope, reading, host, port, variable) if store else None
    port = port or _only_port(service)
    blocked = _blocked(scope, reading, service, port)
    if blocked:
        return blocked
    if port and port not in network.ports_of(service) and store:
        return _wrong_port(scope, reading, service, port)
    if network.has_ready_endpoint(scope.snapshot, service) is False:
        return down(scope, reading, service)
    if not store:
        return None
    title = (
        f"The {'cache' if network.is_cache(asked, port, '', called) else 'database'} at "
        f"{asked}{f':{port}' if port else ''} resolves but cannot be connected to"
    )
    detail = (
        f"{network.state_words(scope.snapshot, service)}; the log says "
        f"{match.words.get('how', 'the connection failed').strip() or 'the connection failed'}."
    )
    return _found(
        scope,
        reading,
        "db-connection-failed",
        title,
        detail,
        _variable_fact(reading, variable),
        "Check host, port and credentials",
        Verdict.SUSPECTED,
    )


def _of_configured(scope: Scope, reading: Reading) -> Finding | None:
    """The log names no host: the one the container is told to call, if a policy keeps it from there."""
    for host in environment.hosts_of(scope, reading.container):
        service = network.service_of(scope.snapshot, host, scope.namespace)
        found = _blocked(scope, reading, service, _only_port(service)) if service is not None else None
        if found:
            return found
    return None


def _only_port(service: Obj) -> str:
    ports = network.ports_of(service)
    return ports[0] if len(ports) == 1 else ""


def _variable_fact(reading: Reading, variable: Variable | None) -> list[Evidence]:
    if variable is None:
        return []
    path = f"spec.containers[{reading.container.name}].env[{variable.name}]"
    return [field_fact(reading.container.pod, path, variable.value, f"configured, from {variable.origin}")]


def _unknown_host(scope: Scope, reading: Reading, host: str, port: str, variable: Variable | None) -> Finding:
    where = f"{host}:{port}" if port else host or "the configured address"
    local = network.is_loopback(host) if host else False
    title = f"The database at {where} cannot be connected to" + (
        ": inside a container that is the container itself" if local else ""
    )
    clusters = scope.snapshot.all("Cluster")
    hint = (
        "Known database services: "
        f"{listed([text_at(entry, 'status', 'writeService') or name(entry) + '-rw' for entry in clusters])}."
        if clusters and local
        else ""
    )
    verdict = Verdict.CONFIRMED if local else Verdict.SUSPECTED
    return _found(
        scope,
        reading,
        "db-connection-failed",
        title,
        hint,
        _variable_fact(reading, variable),
        "Set the database host and port the service should use",
        verdict,
    )


def _wrong_port(scope: Scope, reading: Reading, service: Obj, port: str) -> Finding:
    offered = network.ports_of(service)
    found = environment.of_container(scope, reading.container)
    variable = next((entry for entry in found.values() if entry.value == port), None) or environment.naming(
        found, f":{port}"
    )
    where = f" (set by {variable.name})" if variable else ""
    title = f"The service uses port {port}{where} of {name(service)}, which offers only {listed(offered)}"
    more = [
        field_fact(service, "spec.ports[].port", listed(offered), "the ports it offers"),
        *_variable_fact(reading, variable),
    ]
    return _found(
        scope,
        reading,
        "db-wrong-port",
        title,
        "Nothing answers on that port.",
        more,
        f"Set the port to {offered[0] if offered else 'the offered one'}",
        sets=f"{variable.name}={offered[0]}" if variable and variable.value == port and offered else "",
    )


def _blocked(scope: Scope, reading: Reading, service: Obj, port: str) -> Finding | None:
    """A policy of either side that refuses the connection, when something would answer otherwise."""
    pods = network.backing_pods(scope.snapshot, service)
    target = _target_port(service, pods, port)
    if not pods or not target:
        return None
    policies = network_policies.blocking(scope.snapshot, _source(reading), network_policies.peer_of(pods[0]), target)
    if not policies:
        return None
    names = listed([f"{namespace(policy)}/{name(policy)}" for policy in policies])
    side = (
        "does not let the pods out"
        if namespace(policies[0]) == scope.namespace and _isolates(scope, policies[0])
        else "does not admit them"
    )
    title = (
        f"The network policy {names} blocks the traffic from {scope.service} to "
        f"{name(service)} on port {port or target}: it {side}"
    )
    more = [field_fact(policy, "spec", _policy_words(policy), "what it allows") for policy in policies[:4]]
    detail = f"{network.state_words(scope.snapshot, service)}, so it would answer."
    return _found(
        scope,
        reading,
        "network-policy-blocks-traffic",
        title,
        detail,
        more,
        f"Allow {scope.service} to reach {name(service)} in the policy",
        key=name(service),
    )


def _isolates(scope: Scope, policy: Obj) -> bool:
    return scope.selects_target(policy.get("spec", {}).get("podSelector") or {})


def _policy_words(policy: Obj) -> str:
    spec = policy.get("spec", {})
    parts = [f"{direction}: {spec.get(direction)}" for direction in ("ingress", "egress") if direction in spec]
    return f"podSelector {spec.get('podSelector')}; {'; '.join(parts) or 'no rule, so nothing'}"


def _target_port(service: Obj, pods: list[Obj], port: str) -> int:
    for entry in items(service, "spec", "ports"):
        if not port or str(number_at(entry, "port")) == port:
            wanted = entry.get("targetPort", entry.get("port"))
            found = [port_of(container, wanted) for pod in pods[:1] for container in containers_of(pod)]
            return next((number for number in found if number), 0)
    return 0


def down(scope: Scope, reading: Reading, service: Obj) -> Finding:
    said = network.state_words(scope.snapshot, service)
    workload = network.workload_behind(scope.snapshot, service)
    title = f"{scope.service} depends on {name(service)}, which is down: {said}"
    more = [field_fact(service, "EndpointSlice.endpoints", "none ready", "nothing answers there")]
    if workload is not None:
        more.append(
            field_fact(
                workload,
                "status.readyReplicas",
                number_at(workload, "status", "readyReplicas"),
                f"ready replicas of {kind(workload)} {name(workload)}",
            )
        )
    detail = "Mend that service first; this one then recovers by itself."
    return _found(
        scope,
        reading,
        "dependency-down",
        title,
        detail,
        more,
        f"Diagnose {namespace(service)}/{name(service)}",
        key=name(service),
    )
