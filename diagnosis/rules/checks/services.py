"""The Service in front of the pods: it selects none of them, or forwards to a port they do not listen on."""

from collections.abc import Iterator

from diagnosis.choices import Severity, Verdict
from diagnosis.rules.facts import routes
from diagnosis.rules.facts.container_logs import log_of
from diagnosis.rules.facts.containers import Container
from diagnosis.rules.facts.listeners import Listener, listeners
from diagnosis.rules.facts.network import has_ready_endpoint
from diagnosis.rules.facts.objects import Obj, items, mapping, name, number_at
from diagnosis.rules.facts.probe_failures import failures, port_of, probe_port
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Finding, field_fact, finding
from diagnosis.rules.report.log_evidence import log_fact
from diagnosis.rules.wording import listed


def check_selector(scope: Scope) -> Iterator[Finding]:
    if scope.is_stopped or not scope.template_labels:
        return
    for service in routes.strays(scope):
        selector = mapping(service, "spec", "selector")
        wrong = {key: value for key, value in selector.items() if scope.template_labels.get(key) != value}
        asked = listed([f"{key}={value}" for key, value in selector.items()])
        have = listed([f"{key}={scope.template_labels.get(key, '(not set)')}" for key in wrong])
        title = (
            f"The Service {name(service)} selects {asked}, which matches none of "
            f"{scope.service}'s pods (they have {have})"
        )
        taken = scope.pods_matching(selector, scope.namespace)
        effect = (
            f"Its traffic goes to {listed([name(pod) for pod in taken])} instead."
            if taken
            else "It has no endpoints, so nobody reaches the service."
        )
        evidence = [
            field_fact(service, "spec.selector", asked, "what the Service selects"),
            field_fact(
                scope.workload,
                "spec.template.metadata.labels",
                listed([f"{key}={value}" for key, value in scope.template_labels.items()]),
                "what the pods are labelled",
            ),
        ]
        right = (
            listed([f"{key}={scope.template_labels[key]}" for key in wrong if key in scope.template_labels])
            or "the pods' labels"
        )
        yield finding(
            "service-selector-mismatch",
            title,
            effect,
            evidence,
            [remedies.say(f"Set the Service's selector to {right}")],
            key=name(service),
        )


def check_service_ports(scope: Scope) -> Iterator[Finding]:
    if scope.is_stopped:
        return
    specs = [*items(scope.template, "spec", "containers"), *items(scope.template, "spec", "initContainers")]
    containers = [Container({}, spec, {}, is_init=False) for spec in specs]
    for service in routes.services(scope):
        ports = items(service, "spec", "ports")
        wrong = [port for port in ports if _misses(scope, containers, port)]
        named = [
            port for port in wrong if isinstance(port.get("targetPort"), str) and not str(port["targetPort"]).isdigit()
        ]
        if len(wrong) == len(ports) or named:
            for port in named or wrong:
                yield _mismatch(scope, service, containers, port)


def _misses(scope: Scope, containers: list[Container], port: Obj) -> bool:
    """Whether nothing of the pod listens on the port, as far as declarations, probes and logs tell."""
    wanted = port.get("targetPort", port.get("port"))
    if isinstance(wanted, str) and not wanted.isdigit():
        return not any(entry.get("name") == wanted for container in containers for entry in container.ports)
    number = int(wanted or 0)
    declared = {number_at(entry, "containerPort") for container in containers for entry in container.ports}
    probed = {
        probe_port(container, probe) for container in containers for probe in ("readiness", "liveness", "startup")
    } - {0}
    heard = {entry.port for entry in _heard(scope)}
    if number in declared | probed | heard:
        return False
    return bool(declared or probed or heard)


def _heard(scope: Scope) -> list[Listener]:
    found: list[Listener] = []
    for container in scope.containers:
        if not container.is_init:
            found += listeners(log_of(scope, container).lines)
    return found


def _mismatch(scope: Scope, service: Obj, containers: list[Container], port: Obj) -> Finding:
    wanted = port.get("targetPort", port.get("port"))
    declared = [
        f"{entry.get('name')} ({entry.get('containerPort')})" if entry.get("name") else str(entry.get("containerPort"))
        for container in containers
        for entry in container.ports
    ]
    probed = sorted(
        {str(probe_port(container, probe)) for container in containers for probe in ("readiness", "liveness")} - {"0"}
    )
    heard = _heard(scope)
    right = declared or probed or [str(entry.port) for entry in heard]
    what = (
        f"a port named {wanted}, which no container declares"
        if isinstance(wanted, str) and not wanted.isdigit()
        else f"port {wanted}, where nothing listens"
    )
    title = f"The Service {name(service)} forwards to {what}; the containers' port is {listed(right)}"
    evidence = [
        field_fact(
            service,
            f"spec.ports[{port.get('name') or port.get('port')}].targetPort",
            wanted,
            "where the Service forwards",
        ),
        field_fact(
            scope.workload, "spec.template.spec.containers[].ports", listed(declared) or "none", "ports declared"
        ),
    ]
    if probed:
        evidence.append(
            field_fact(
                scope.workload, "spec.template.spec.containers[].readinessProbe", listed(probed), "ports the probes ask"
            )
        )
    if heard:
        container = next(entry for entry in scope.containers if not entry.is_init)
        evidence.append(log_fact(container, heard[0].line, "where the program listens"))
    detail = f"The pods are well ({len(scope.ready_pods)} ready), but requests through the Service are refused."
    number = next(
        (str(entry.get("containerPort")) for container in containers for entry in container.ports),
        probed[0] if probed else "",
    )
    options = [remedies.say(f"Set the Service's target port to {number or listed(right)}")]
    return finding("service-port-mismatch", title, detail, evidence, options, key=f"{name(service)}/{port.get('port')}")


def check_listening(scope: Scope) -> Iterator[Finding]:
    """Ready pods without a probe that would notice: the log says the program listens where nobody asks."""
    if scope.is_stopped or not routes.services(scope):
        return
    for container in scope.containers:
        if container.is_init or not container.is_ready or _is_probed(container) or failures(scope, container):
            continue
        targets = _targets(scope, container)
        log = log_of(scope, container)
        heard = listeners(log.lines)
        if not targets or not heard:
            continue
        open_ = {entry.port for entry in heard if not entry.is_local}
        local = next((entry for entry in heard if entry.is_local and entry.port in targets), None)
        if local and not open_ & targets:
            yield _quiet(
                scope,
                container,
                local,
                "app-listens-on-localhost",
                f"The program listens on {local.host}:{local.port} only, so nothing outside its container reaches it",
            )
        elif not {entry.port for entry in heard} & targets and len(heard) == 1:
            said = listed([str(port) for port in sorted(targets)])
            yield _quiet(
                scope,
                container,
                heard[0],
                "app-listens-on-other-port",
                f"The program listens on port {heard[0].port}, but the platform is told port {said}",
            )
        return


def _is_probed(container: Container) -> bool:
    """A network probe that passes proves the program answers where it is asked."""
    return any(probe_port(container, probe) for probe in ("readiness", "liveness", "startup"))


def _targets(scope: Scope, container: Container) -> set[int]:
    ports = [port for service in routes.services(scope) for port in items(service, "spec", "ports")]
    return {port_of(container, port.get("targetPort", port.get("port"))) for port in ports} - {0}


def _quiet(scope: Scope, container: Container, heard: Listener, cause: str, title: str) -> Finding:
    evidence = [
        log_fact(container, heard.line, "where the program listens"),
        field_fact(
            container.pod,
            f"spec.containers[{container.name}].ports",
            listed([str(entry.get("containerPort")) for entry in container.ports]) or "none",
            "ports declared",
        ),
    ]
    detail = "No probe asks the port, so the pod counts as ready although its Service is refused."
    return finding(
        cause,
        title,
        detail,
        evidence,
        [
            remedies.configure(
                scope, "Make the program listen on 0.0.0.0 and the configured port", env_vars="HOST=0.0.0.0"
            )
        ],
        key=container.name,
    )


def check_endpoints(scope: Scope) -> Iterator[Finding]:
    """Symptom: a Service of the target has no ready endpoint though pods are wanted."""
    if scope.is_stopped or scope.ready_pods or not scope.troubled:
        return
    for service in routes.services(scope):
        if has_ready_endpoint(scope.snapshot, service) is False:
            evidence = [field_fact(service, "EndpointSlice.endpoints", "none ready", "endpoints")]
            yield finding(
                "service-no-endpoints",
                f"The Service {name(service)} has no ready endpoints",
                "",
                evidence,
                key=name(service),
                severity=Severity.PROBLEM,
                verdict=Verdict.CONFIRMED,
            )
