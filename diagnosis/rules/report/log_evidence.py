"""Lines of a log, and how a container ended, as evidence."""

from diagnosis.rules.facts.container_logs import Log, last_lines
from diagnosis.rules.facts.containers import Container
from diagnosis.rules.facts.objects import text_at
from diagnosis.rules.patterns.log_lines import LogMatch
from diagnosis.rules.report.findings import Evidence, field_fact, ref
from diagnosis.rules.wording import shown


def log_fact(container: Container, line: str, fact: str) -> Evidence:
    """A log line as evidence: text from outside."""
    return Evidence("log", fact, ref(container.pod), f"log of {container.name}", shown(line), untrusted=True)


def crash_evidence(container: Container, log: Log, match: LogMatch | None) -> list[Evidence]:
    path = f"status.containerStatuses[{container.name}].lastState.terminated"
    found = [
        field_fact(
            container.pod,
            f"{path}.exitCode",
            container.exit_code,
            f"exit code {container.exit_code}",
            container.ended_at,
        ),
        field_fact(
            container.pod, f"status.containerStatuses[{container.name}].restartCount", container.restarts, "restarts"
        ),
    ]
    if match:
        found.append(log_fact(container, match.line, "the log's telling line"))
    elif log.lines:
        found.append(log_fact(container, last_lines(log), "the end of the log"))
    message = text_at(container.last_exit, "message")
    if message and (match is None or message.strip() != match.line.strip()):
        found.append(
            Evidence(
                "object", "the runtime's message", ref(container.pod), f"{path}.message", shown(message), None, True
            )
        )
    return found
