"""A dependency that is down, found through the configured addresses, and traffic kept from the pods by policy."""

from collections.abc import Iterator

from diagnosis.choices import Severity, Verdict
from diagnosis.rules.checks.connections import down
from diagnosis.rules.facts import environment, network, network_policies, routes
from diagnosis.rules.facts.containers import Container, containers_of, is_ready
from diagnosis.rules.facts.log_readings import readings
from diagnosis.rules.facts.objects import Obj, items, labels, name, namespace
from diagnosis.rules.facts.probe_failures import port_of
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Finding, field_fact, finding
from diagnosis.rules.wording import listed

CONTROLLERS = {
    "traefik",
    "ingress-nginx",
    "nginx-ingress",
    "haproxy-ingress",
    "contour",
    "kong",
    "istio-ingressgateway",
}


def check_dependency(scope: Scope) -> Iterator[Finding]:
    """A configured in-cluster address with nothing behind it, that a troubled container speaks of or waits for."""
    for reading in readings(scope):
        if reading.is_quiet or (reading.match and reading.match.cause not in {"connection", "app-exception"}):
            continue
        said = " ".join(reading.log.telling[-60:] or reading.log.lines[-60:])
        waits = reading.container.is_init
        for service in configured(scope, reading.container):
            mentioned = waits or name(service) in said or address_of(service) in said
            if mentioned and network.has_ready_endpoint(scope.snapshot, service) is False:
                yield down(scope, reading, service)


def address_of(service: Obj) -> str:
    return str(service.get("spec", {}).get("clusterIP") or name(service))


def configured(scope: Scope, container: Container) -> list[Obj]:
    """Services whose name stands in a (non-secret) variable or the command of the container, its own left out."""
    own = {name(obj) for obj in routes.services(scope)}
    found: dict[str, Obj] = {}
    for host in environment.hosts_of(scope, container):
        service = network.service_of(scope.snapshot, host, scope.namespace)
        if service is not None and name(service) not in own and not network.cluster_behind(scope.snapshot, service):
            found[routes.full_name(service)] = service
    return list(found.values())


def check_unknown_waits(scope: Scope) -> Iterator[Finding]:
    """An init container that waits for a host for which no Service exists."""
    for reading in readings(scope):
        container = reading.container
        if not container.is_init or reading.is_crash or reading.match or not container.running_since:
            continue
        for host in environment.hosts_of(scope, container):
            near = network.near_services(scope, host)
            if network.split_host(host, scope.namespace) is None or network.service_of(
                scope.snapshot, host, scope.namespace
            ):
                continue
            cause = "db-host-unresolvable" if network.is_database(host, "", "") else "hostname-unresolvable"
            title = f"The init container {container.name} waits for the host {host}, for which no Service exists"
            evidence = [
                field_fact(container.pod, f"spec.initContainers[{container.name}].command", host, "what it waits for")
            ]
            hint = f"Named nearly so: {listed(near)}." if near else ""
            options = [remedies.say(f"Wait for {near[0]}" if near else "Correct the host name")]
            yield finding(
                cause, title, f"The pod never starts. {hint}".strip(), evidence, options, verdict=Verdict.SUSPECTED
            )


def check_admitted(scope: Scope) -> Iterator[Finding]:
    """Policies on the target's ready pods that keep out the ingress controller or a workload configured to call it."""
    pods = scope.ready_pods
    if not pods or not network_policies.selecting(scope.snapshot, network_policies.peer_of(pods[0]), "Ingress"):
        return
    destination = network_policies.peer_of(pods[0])
    for service in routes.services(scope):
        for who, caller in _callers(scope, service):
            port = _port(service, pods[0])
            policies = (
                network_policies.blocking(scope.snapshot, network_policies.peer_of(caller), destination, port)
                if port
                else []
            )
            if policies:
                yield _kept_out(scope, service, who, caller, policies, port)
                return


def _port(service: Obj, pod: Obj) -> int:
    entry = (items(service, "spec", "ports") or [{}])[0]
    found = [port_of(container, entry.get("targetPort", entry.get("port"))) for container in containers_of(pod)]
    return next((number for number in found if number), 0)


def _callers(scope: Scope, service: Obj) -> Iterator[tuple[str, Obj]]:
    """Pods known to call the Service: the controller behind its Ingress, and workloads that name it in a variable."""
    if any(
        name(service) == wanted for ingress in routes.ingresses(scope) for _, _, wanted, _ in routes.backends(ingress)
    ):
        controller = next(
            (
                pod
                for pod in scope.snapshot.all("Pod")
                if is_ready(pod) and {labels(pod).get("app.kubernetes.io/name"), labels(pod).get("app")} & CONTROLLERS
            ),
            None,
        )
        if controller is not None:
            yield "the ingress controller", controller
    own = {name(pod) for pod in scope.all_pods}
    for pod in scope.snapshot.all("Pod"):
        if name(pod) in own or namespace(pod) in {"kube-system", "argocd"}:
            continue
        elsewhere = Scope(scope.snapshot, scope.target.__class__("Pod", namespace(pod), name(pod)), scope.now)
        for container in containers_of(pod):
            if any(
                name(found) == name(service) and namespace(found) == namespace(service)
                for found in configured(elsewhere, container)
            ):
                yield f"{namespace(pod)}/{name(pod)}", pod


def _kept_out(scope: Scope, service: Obj, who: str, caller: Obj, policies: list[Obj], port: int) -> Finding:
    names = listed([f"{namespace(policy)}/{name(policy)}" for policy in policies])
    title = f"The network policy {names} blocks the traffic from {who} to {name(service)} on port {port}"
    evidence = [field_fact(policy, "spec", policy.get("spec"), "what it allows") for policy in policies[:4]]
    evidence.append(
        field_fact(
            caller,
            "metadata.labels",
            listed([f"{key}={value}" for key, value in labels(caller).items()]),
            "the caller's labels",
        )
    )
    detail = f"The pods are well ({len(scope.ready_pods)} of {scope.desired} ready), but its requests time out."
    options = [remedies.ask_platform(f"admit {who} in the policy")]
    return finding(
        "network-policy-blocks-traffic",
        title,
        detail,
        evidence,
        options,
        key=name(service),
        severity=Severity.PROBLEM,
        verdict=Verdict.CONFIRMED,
    )
