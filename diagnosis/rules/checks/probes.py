"""A probe fails: does it ask the wrong place, does the program listen elsewhere, is it slow, or is it really unwell."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from core.patterns import Pattern
from diagnosis.choices import Severity, Verdict
from diagnosis.rules.facts.container_logs import Log, killed_log, log_of
from diagnosis.rules.facts.containers import Container, Trouble, described, probe_budget_s
from diagnosis.rules.facts.listeners import Listener, listeners
from diagnosis.rules.facts.log_readings import killed_by
from diagnosis.rules.facts.objects import number_at
from diagnosis.rules.facts.probe_failures import Failure, asked, failures, probe_port, spec_of
from diagnosis.rules.facts.rollout import consequence, still_serving
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.report.log_evidence import log_fact
from diagnosis.rules.wording import count_of, listed, shown

NOT_FOUND = frozenset({404, 405, 410, 400, 401, 403})
LATELY = timedelta(minutes=15)
STARTING = Pattern(
    r"(?i)\b(?:starting|loading|warming|initiali[sz]|migrat|preparing|booting|compiling|download|index|restor|replay|"
    r"import|fetching|building|scanning)|\b\d{1,2} ?%"
)
KEPT = timedelta(hours=1)
# Of each container, troubled ones first: fifty pods with one failing probe tell it no better than eight.
SAMPLE = 8


@dataclass(frozen=True)
class Case:
    """A container, the failure of one of its probes, and where the program says it listens."""

    scope: Scope
    container: Container
    failure: Failure
    others: list[Failure]
    log: Log
    heard: list[Listener]
    killed: str

    @property
    def declared(self) -> list[int]:
        return [number_at(entry, "containerPort") for entry in self.container.ports]

    @property
    def probe(self) -> str:
        return self.failure.probe


def check_probes(scope: Scope) -> Iterator[Finding]:
    """One finding per container name: the probe that decides, startup before liveness before readiness."""
    seen: set[str] = set()
    looked: Counter[str] = Counter()
    for container in sorted(scope.containers, key=lambda entry: entry.trouble(scope.now) == Trouble.NONE):
        looked[container.name] += 1
        if container.name in seen or scope.is_stopped or container.is_init or looked[container.name] > SAMPLE:
            continue
        cases = _cases(scope, container)
        if cases:
            seen.add(container.name)
        told: set[str] = set()
        for case in cases:
            found = _judged(case)
            if found.cause not in told:
                yield found
            told.add(found.cause)


def _cases(scope: Scope, container: Container) -> list[Case]:
    """Failures that matter now: of a container that is not ready, or that the kubelet keeps killing for a probe."""
    trouble = container.trouble(scope.now)
    if trouble == Trouble.NONE and not _was_killed_lately(scope, container):
        return []
    killed = killed_by(scope, container)
    if trouble == Trouble.CRASHING and not killed:
        return []
    found = failures(scope, container)
    if trouble == Trouble.NONE:
        found = [failure for failure in found if _keeps_killing(scope, container, failure, killed)]
    elif container.running_since is not None and not container.is_ready and not killed:
        found = [failure for failure in found if failure.event.last and failure.event.last >= container.running_since]
    else:
        found = [failure for failure in found if failure.event.last and scope.now - failure.event.last <= KEPT]
    if not found:
        return []
    log = killed_log(scope, container) if killed else log_of(scope, container)
    heard = listeners(log.lines)
    return [Case(scope, container, failure, found, log, heard, killed) for failure in found]


def _keeps_killing(scope: Scope, container: Container, failure: Failure, killed: str) -> bool:
    """A ready container is in trouble by a probe only when the kubelet has killed it for it more than once of late."""
    return failure.probe != "readiness" and bool(killed) and _was_killed_lately(scope, container)


def _was_killed_lately(scope: Scope, container: Container) -> bool:
    ended = container.ended_at
    return container.restarts >= 2 and ended is not None and scope.now - ended <= LATELY


def _judged(case: Case) -> Finding:
    how, port = case.failure.how, case.failure.port
    if how == "unresolved":
        return _wrong_port(case, None)
    if how == "status" and case.failure.code in NOT_FOUND:
        return _wrong_path(case)
    if how == "refused" or (how == "timeout" and case.failure.event.message.startswith("dial")):
        local = next((entry for entry in case.heard if entry.is_local and entry.port == port), None)
        if local and not any(entry.port == port and not entry.is_local for entry in case.heard):
            return _on_localhost(case, local)
        elsewhere = [entry for entry in case.heard if entry.port != port]
        if elsewhere and not any(entry.port == port for entry in case.heard):
            return _elsewhere(case, elsewhere[0])
        if case.declared and port and port not in case.declared:
            return _wrong_port(case, None)
        working = _working_probe(case)
        if working:
            return _wrong_port(case, None)
    if case.killed == "startup" or _too_early(case):
        return _too_slow(case)
    return _failing(case)


def _working_probe(case: Case) -> str:
    """Another network probe of the container on another port, without failures of its own."""
    failing = {failure.probe for failure in case.others}
    for probe in ("readiness", "liveness", "startup"):
        other = probe_port(case.container, probe)
        if probe not in failing and other and other != case.failure.port and case.container.is_ready:
            return probe
    return ""


def _too_early(case: Case) -> bool:
    """Killed by liveness while the log shows only starting: nothing listens yet, and no startup probe holds it off."""
    if case.failure.how not in {"refused", "timeout"} or case.heard or not case.log.lines:
        return False
    killed = case.killed == "liveness" and not spec_of(case.container, "startupProbe")
    starting = any(STARTING.search(line) for line in case.log.lines[-30:])
    return killed and starting and case.failure.probe in {"liveness", "startup"}


def _base_evidence(case: Case) -> list[Evidence]:
    container, event = case.container, case.failure.event
    said = f"{case.probe} probe: {asked(container, case.probe)}"
    told = f"the kubelet's words, {count_of(event.count, 'time')}"
    found = [
        Evidence("event", told, ref(container.pod), "events[].message", shown(event.message), event.last, True),
        field_fact(container.pod, f"spec.containers[{container.name}].{case.probe}Probe", said, "what the probe asks"),
    ]  # fmt: skip
    if case.declared:
        found.append(
            field_fact(
                container.pod,
                f"spec.containers[{container.name}].ports",
                listed([str(port) for port in case.declared]),
                "ports the container declares",
            )
        )
    return found


def _effect(case: Case) -> str:
    if case.probe in {"liveness", "startup"} or case.killed:
        return (
            f"The kubelet kills and restarts the {described(case.container)} for it "
            f"({count_of(case.container.restarts, 'restart')}), "
            f"{consequence(case.scope)}."
        )
    ready = len(case.scope.ready_pods)
    return (
        f"A pod that is not ready gets no traffic; {count_of(ready, 'pod')} of "
        f"{case.scope.service} {'is' if ready == 1 else 'are'} ready. {still_serving(case.scope)}"
    ).strip()


def _found(case: Case, cause: str, title: str, detail: str, more: list[Evidence], options: list[Remedy],
           verdict: Verdict = Verdict.CONFIRMED) -> Finding:  # fmt: skip
    severity = Severity.PROBLEM
    return finding(cause, title, f"{detail} {_effect(case)}".strip(), [*_base_evidence(case), *more], options,
                   severity=severity, verdict=verdict, key=case.container.name)  # fmt: skip


def _wrong_path(case: Case) -> Finding:
    path = asked(case.container, case.probe)
    code = case.failure.code
    title = f"The {case.probe} probe gets {code} for {path}: the port answers, the path is wrong"
    if code in {400, 401, 403}:
        title = f"The {case.probe} probe gets {code} for {path}: the program answers, but not to this request"
    options = [
        remedies.configure(case.scope, "Set the health check path the program serves", health_check_path="/"),
        remedies.read_logs(case.scope),
    ]
    return _found(case, "probe-wrong-path", title, "", [], options)


def _wrong_port(case: Case, heard: Listener | None) -> Finding:
    port = case.failure.port or text_port(case)
    right = [str(entry) for entry in case.declared if entry != case.failure.port] or (
        [str(heard.port)] if heard else []
    )
    said = f"the container's port is {listed(right)}" if right else "the container declares no such port"
    title = f"The {case.probe} probe asks port {port}, but {said}"
    more = [log_fact(case.container, heard.line, "where the program listens")] if heard else []
    label = (
        f"Point the {case.probe} probe at port {right[0]}" if right else f"Correct the port of the {case.probe} probe"
    )
    return _found(
        case,
        "probe-wrong-port",
        title,
        "Nothing answers there; the program itself may be well.",
        more,
        [_to_port(case, label, right)],
    )


def _to_port(case: Case, label: str, right: list[str]) -> Remedy:
    """The platform's probes follow the service's port; a probe of its own is corrected by hand."""
    return remedies.configure(case.scope, label, port=right[0]) if right else remedies.say(label)


def text_port(case: Case) -> str:
    return asked(case.container, case.probe).rpartition("port ")[2] or "unknown"


def _elsewhere(case: Case, heard: Listener) -> Finding:
    port = case.failure.port
    if heard.port in case.declared and port not in case.declared:
        return _wrong_port(case, heard)
    told = sorted({*case.declared, port} - {heard.port})
    title = f"The program listens on port {heard.port}, but the platform is told port {port}"
    detail = (
        f"The {case.probe} probe asks {asked(case.container, case.probe)} and is refused; "
        f"configured ports: {listed([str(p) for p in told])}."
    )
    more = [log_fact(case.container, heard.line, "where the program listens")]
    options = [
        remedies.configure(case.scope, f"Make the program listen on {port}", env_vars=f"PORT={port}"),
        remedies.configure(case.scope, f"Or set the service's port to {heard.port}", port=heard.port),
    ]
    return _found(case, "app-listens-on-other-port", title, detail, more, options)


def _on_localhost(case: Case, heard: Listener) -> Finding:
    title = f"The program listens on {heard.host}:{heard.port} only, so nothing outside its container reaches it"
    detail = f"The {case.probe} probe asks {asked(case.container, case.probe)} from the node and is refused."
    more = [log_fact(case.container, heard.line, "where the program listens")]
    options = [remedies.configure(case.scope, "Make the program listen on 0.0.0.0", env_vars="HOST=0.0.0.0")]
    return _found(case, "app-listens-on-localhost", title, detail, more, options)


def _too_slow(case: Case) -> Finding:
    probe = "startup" if spec_of(case.container, "startupProbe") else case.probe
    spec = spec_of(case.container, probe)
    budget = probe_budget_s(spec)
    numbers = (
        f"initialDelaySeconds {number_at(spec, 'initialDelaySeconds')}, periodSeconds "
        f"{number_at(spec, 'periodSeconds') or 10}, failureThreshold {number_at(spec, 'failureThreshold') or 3}"
    )
    title = f"The program needs longer to start than its {probe} probe allows, {budget} s at most"
    more = [
        field_fact(
            case.container.pod,
            f"spec.containers[{case.container.name}].{probe}Probe",
            numbers,
            f"allows at most {budget} s",
        )
    ]
    if case.log.lines:
        said = "the last line before it was killed" if case.log.previous else "the last line of its log"
        more.append(log_fact(case.container, case.log.lines[-1], said))
    longer = max(300, 2 * budget)
    label = f"Let its startup probe wait {longer} s" if probe == "startup" else f"Add a startup probe of {longer} s"
    options = [remedies.configure(case.scope, label, startup_time_s=longer), remedies.read_logs(case.scope)]
    return _found(case, "startup-too-slow", title, "The probe gives up before the program is up.", more, options)


def _failing(case: Case) -> Finding:
    cause = "readiness-probe-failing" if case.probe == "readiness" else "liveness-probe-failing"
    how = {
        "status": f"the program answers {case.failure.code}",
        "timeout": "no answer within its time",
        "refused": f"connection refused on port {case.failure.port}",
        "exec": "its command fails",
    }.get(case.failure.how, "it fails")
    title = f"The {case.probe} probe ({asked(case.container, case.probe)}) fails: {how}"
    spec = spec_of(case.container, case.probe)
    more = []
    if case.failure.how == "timeout":
        more.append(
            field_fact(
                case.container.pod,
                f"spec.containers[{case.container.name}].{case.probe}Probe.timeoutSeconds",
                number_at(spec, "timeoutSeconds") or 1,
                "the time it is given, in seconds",
            )
        )
    options = [remedies.read_logs(case.scope), remedies.roll_back(case.scope)]
    verdict = Verdict.SUSPECTED if case.failure.how == "refused" else Verdict.CONFIRMED
    return _found(case, cause, title, "", more, options, verdict)
