"""A container ends by itself: what the program said, by exit reason first and by its log where no field says it."""

from collections.abc import Iterator
from difflib import get_close_matches

from core.patterns import Pattern
from diagnosis.choices import Verdict
from diagnosis.rules.checks.connections import is_explained
from diagnosis.rules.facts import environment
from diagnosis.rules.facts.container_logs import Log
from diagnosis.rules.facts.containers import Container, Trouble, described
from diagnosis.rules.facts.log_readings import Reading, readings
from diagnosis.rules.facts.objects import items, text_at
from diagnosis.rules.facts.rollout import consequence
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.patterns.log_lines import ENV, LogMatch, match_log
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.report.log_evidence import crash_evidence
from diagnosis.rules.wording import count_of, listed, shown

START_FAILURES = frozenset({"RunContainerError", "CreateContainerError", "StartError", "ContainerCannotRun"})
NOT_STARTED = START_FAILURES | {"CreateContainerConfigError"}
OWN = frozenset(
    [
        "exec-format-error",
        "command-not-found",
        "script-syntax-error",
        "container-user-not-permitted",
        "port-already-in-use",
        "app-certificate-expired",
        "env-var-missing",
        "config-file-missing",
    ]
)
SIGNALS = {134: "aborted (SIGABRT)", 139: "crashed (SIGSEGV)", 132: "illegal instruction (SIGILL)", 136: "SIGFPE"}
NAMES_ERROR = Pattern(r"\w*(?:Error|Exception)\b|panic:|(?i:\b(?:fatal|error|critical)\b)")
# The other names of a list behind the first.
MORE_NAMES = Pattern(rf"(?:^|[,\s\[\"'`]+)({ENV})\b")
TELLS_NOTHING = Pattern(r"(?i)^\s*(?:at |\.\.\.|File \"|goroutine |\t|npm ERR!|\}|\]|\^)")


def check_crashes(scope: Scope) -> Iterator[Finding]:
    """One finding per container name and cause. Causes outside the container belong to other checks."""
    for reading in readings(scope):
        if reading.is_crash:
            found = _crash(scope, reading)
            if found:
                yield found
    for container in scope.in_trouble(Trouble.WAITING):
        if container.waiting_reason in NOT_STARTED:
            yield from _not_started(scope, container)


def _crash(scope: Scope, reading: Reading) -> Finding | None:
    container, log = reading.container, reading.log
    match = reading.match or _by_exit(container)
    cause = match.cause if match else ""
    if cause == "env-var-missing" and match and not _missing_names(scope, container, match):
        cause = "app-exception" if match.words.get("name") else cause
    if cause in OWN and match:
        return _own(scope, reading, cause, match)
    if cause and cause != "app-exception" and is_explained(scope, reading):
        return None
    return _unnamed(scope, container, log)


def _by_exit(container: Container) -> LogMatch | None:
    """What the exit itself says: the runtime's message, or the shell's codes 126 and 127."""
    message = text_at(container.last_exit, "message")
    if container.exit_reason in START_FAILURES or container.exit_code in {126, 127, 128}:
        found = match_log([message]) if message else None
        if found and found.cause in OWN:
            return found
        if container.exit_code == 127 or container.exit_reason in START_FAILURES:
            return LogMatch("command-not-found", message or "exit code 127", {})
        if container.exit_code == 126:
            return LogMatch("command-not-found", message or "exit code 126: found, but cannot be executed", {})
    return None


def _own(scope: Scope, reading: Reading, cause: str, match: LogMatch) -> Finding:
    container = reading.container
    evidence = crash_evidence(container, reading.log, match)
    title, more = _words(scope, container, cause, match)
    detail = f"{_ends(scope, container)} {more}".strip()
    verdict = (
        Verdict.SUSPECTED
        if cause == "container-user-not-permitted" and "Permission denied" in match.line
        else Verdict.CONFIRMED
    )
    if cause == "command-not-found":
        command = [*(container.spec.get("command") or []), *(container.spec.get("args") or [])]
        if command:
            evidence.append(
                field_fact(
                    container.pod,
                    f"spec.containers[{container.name}].command",
                    " ".join(map(str, command)),
                    "the command",
                )
            )
    return finding(cause, title, detail, evidence, _remedies(scope, cause, match), verdict=verdict, key=container.name)


def _ends(scope: Scope, container: Container) -> str:
    same = sum(1 for entry in scope.in_trouble(Trouble.CRASHING) if entry.name == container.name)
    return (
        f"The {described(container)} ends with exit code {container.exit_code} "
        f"in {count_of(same, 'pod')} of {scope.service} "
        f"({count_of(container.restarts, 'restart')}), {consequence(scope)}."
    )


def _words(scope: Scope, container: Container, cause: str, match: LogMatch) -> tuple[str, str]:
    which = described(container)
    if cause == "env-var-missing":
        names = _missing_names(scope, container, match)
        said = listed(names) or "a variable its log names"
        return f"The {which} ends because the environment variable {said} is not set", _alike(scope, container, names)
    if cause == "config-file-missing":
        path = match.words.get("path", "a file")
        return f"The {which} ends because the file {path} is not there", _mounted(scope, container, path)
    if cause == "command-not-found":
        command = match.words.get("name") or _first_word(container)
        if "permission denied" in match.line.lower():
            return f"The {which} cannot run: the command {command} may not be executed (permission denied)", ""
        return f"The {which} cannot run: the command {command} is not found in the image {container.image}", ""
    if cause == "port-already-in-use":
        port = match.words.get("port") or next((str(entry.get("containerPort")) for entry in container.ports), "")
        return f"The {which} cannot bind its port {port}: it is already in use in the pod", _port_users(container, port)
    if cause == "exec-format-error":
        return (
            f"The {which} cannot run: the image {container.image} is built for another CPU architecture",
            _architecture(scope, container),
        )
    if cause == "script-syntax-error":
        return f"The start script of the {which} has a syntax error: {shown(match.line, 120)}", ""
    if cause == "app-certificate-expired":
        return f"The {which} ends because a certificate it uses has expired", ""
    return f"The {which} refuses to run as the user it is given", _user(container)


def _first_word(container: Container) -> str:
    command = container.spec.get("command") or container.spec.get("args") or ["its command"]
    return str(command[0])


def _missing_names(scope: Scope, container: Container, match: LogMatch) -> list[str]:
    """Names in the line that the container does not set (or sets to nothing)."""
    known = environment.of_container(scope, container)
    named = match.words.get("name", "")
    first = named if any(map(str.isupper, named)) else named.upper()  # a settings class says its field's name
    rest = match.line.partition(first)[2] if first else ""
    names = [first, *MORE_NAMES.findall(rest)[:6]] if first else []
    stop = {"ERROR", "FATAL", "INFO", "WARN", "WARNING", "CRITICAL", "NOT", "PANIC", "EXIT", "NULL", "NONE"}
    absent = [name for name in dict.fromkeys(names) if name and name not in stop and _is_unset(known.get(name))]
    return absent if first in absent or not first else []


def _is_unset(variable: environment.Variable | None) -> bool:
    return variable is None or variable.value == ""


def _alike(scope: Scope, container: Container, names: list[str]) -> str:
    known = list(environment.of_container(scope, container))
    for name in names:
        near = [other for other in get_close_matches(name, known, 3, 0.7) if other != name]
        if near:
            return f"The container sets {listed(near)}, but not {name}."
    return ""


def _mounted(scope: Scope, container: Container, path: str) -> str:
    """What the mount that should hold the path holds instead."""
    for mount in sorted(items(container.spec, "volumeMounts"), key=lambda entry: -len(text_at(entry, "mountPath"))):
        where = text_at(mount, "mountPath").rstrip("/")
        if not where or not (path == where or path.startswith(f"{where}/")):
            continue
        for volume in items(container.pod, "spec", "volumes"):
            if volume.get("name") != mount.get("name"):
                continue
            for field, kind, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
                holder = text_at(volume, field, key)
                if holder:
                    keys = [text_at(entry, "path") for entry in items(volume, field, "items")]
                    keys = keys or sorted(environment.data_of(scope.snapshot.get(kind, scope.namespace, holder)))
                    return f"{kind} {holder} is mounted at {where} and holds {listed(keys) or 'nothing'}."
            return f"The volume {text_at(volume, 'name')} is mounted at {where}, without that file."
    mounts = [text_at(mount, "mountPath") for mount in items(container.spec, "volumeMounts")]
    own = [where for where in mounts if not where.startswith("/var/run/secrets/")]
    return f"Nothing is mounted there; mounted are {listed(own)}." if own else "Nothing is mounted there."


def _port_users(container: Container, port: str) -> str:
    others = [
        text_at(entry, "name") for entry in items(container.pod, "spec", "containers")
        if text_at(entry, "name") != container.name
    ]  # fmt: skip
    return f"The pod also runs {listed(others)}; containers of one pod share their ports." if others else ""


def _architecture(scope: Scope, container: Container) -> str:
    node = scope.snapshot.get("Node", "", text_at(container.pod, "spec", "nodeName"))
    found = text_at(node, "status", "nodeInfo", "architecture")
    return f"The node {text_at(container.pod, 'spec', 'nodeName')} is {found}." if found else ""


def _user(container: Container) -> str:
    context = {**(container.pod["spec"].get("securityContext") or {}), **(container.spec.get("securityContext") or {})}
    said = [f"{key}: {shown(context[key])}" for key in ("runAsUser", "runAsNonRoot", "runAsGroup") if key in context]
    return f"The security context says {listed(said)}." if said else "No user is set, so the image's own user applies."


def _unnamed(scope: Scope, container: Container, log: Log) -> Finding:
    evidence = crash_evidence(container, log, None)
    options = [remedies.read_logs(scope), remedies.roll_back(scope)]
    which, code = described(container), container.exit_code
    if code == 0:
        title = f"The {which} ends by itself with exit code 0 although it is meant to keep running"
        return finding("crash-loop", title, _ends(scope, container), evidence, options, key=container.name)
    if code in {137, 143}:
        title = f"The {which} is killed from outside again and again (exit code {code}); nothing says by whom"
        return finding("crash-loop", title, _ends(scope, container), evidence, options, key=container.name)
    said = _summary(log)
    how = SIGNALS.get(code or 0, f"ends with exit code {code}")
    title = (
        f"The program in {which} {how}: {said}" if said else f"The program in {which} {how}; its log could not be read"
    )
    verdict = Verdict.CONFIRMED if said else Verdict.SUSPECTED
    return finding(
        "app-exception", title, _ends(scope, container), evidence, options, verdict=verdict, key=container.name
    )


def _summary(log: Log) -> str:
    """The line that sums up the failure: the last one that names an error, else the last that is no stack frame."""
    lines = [line.strip() for line in log.lines if line.strip() and not TELLS_NOTHING.search(line)]
    named = [
        line for line in log.telling
        if NAMES_ERROR.search(line) and not TELLS_NOTHING.search(line)
    ]  # fmt: skip
    chosen = (named or lines or log.lines or [""])[-1]
    return shown(chosen, 200)


def _not_started(scope: Scope, container: Container) -> Iterator[Finding]:
    message = container.waiting_message
    match = match_log([message])
    if match and match.cause in OWN:
        path = f"status.containerStatuses[{container.name}].state.waiting"
        title, more = _words(scope, container, match.cause, match)
        evidence = [
            field_fact(container.pod, f"{path}.reason", container.waiting_reason, "cannot be started"),
            Evidence(
                "object", "the runtime's message", ref(container.pod), f"{path}.message", shown(message), None, True
            ),
        ]
        detail = f"The {described(container)} of {scope.service} was never started. {more}".strip()
        yield finding(match.cause, title, detail, evidence, _remedies(scope, match.cause, match), key=container.name)


def _remedies(scope: Scope, cause: str, match: LogMatch) -> list[Remedy]:
    back = remedies.roll_back(scope)
    if cause == "env-var-missing":
        name = match.words.get("name", "NAME")
        return [remedies.configure(scope, f"Set {name}", env_vars=f"{name}="), back]
    if cause == "exec-format-error":
        return [remedies.say("Build the image for the nodes' architecture and deploy it"), back]
    if cause == "app-certificate-expired":
        return [
            remedies.say("Renew the certificate the program uses, then restart the service"),
            remedies.read_logs(scope),
        ]
    if cause == "config-file-missing":
        return [remedies.say("Add the file to the ConfigMap, Secret or image, or correct the path"), back]
    if cause == "container-user-not-permitted":
        return [
            remedies.say(
                "Name a user in the values file, podSecurityContext: {runAsUser: 1000}, or use an image for one"
            ),
            remedies.say("For a program that must be root: podSecurityContext: {runAsNonRoot: false}, with the reason"),
            back,
        ]
    return [remedies.say("Deploy an image with the corrected command or script"), back]
