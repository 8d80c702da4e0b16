"""The log of a container in trouble: which one to read, bounded, and lines that only inform left out."""

from dataclasses import dataclass
from functools import cached_property

from core.credentials import mask_private_keys
from core.patterns import Pattern
from diagnosis.rules.facts.containers import Container, Trouble
from diagnosis.rules.facts.objects import name, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.wording import shown

MOST_LINES = 400
# Reports of several lines, of which one names the trouble and the next what it is about: read as one.
JOINED = (
    (Pattern(r"(?m)^([A-Za-z]\w+)\n\s+([Ff]ield required)"), r"\1: \2"),
    (Pattern(r"(?i)(environment variables?):\s*\n\s*[-*] "), r"\1: "),
    (
        Pattern(
            r"(?m)(could not connect to server[^\n]*)\n\s+(Is the server running on[^\n]*)(?:\n\s+(TCP/IP[^\n]*))?"
        ),
        r"\1 \2 \3",
    ),
    (
        Pattern(r"\"path\":\s*\[\s*\"([A-Z][A-Z0-9_]{3,})\"\s*\],\s*\"message\":\s*\"(?:Required|[^\"]*undefined)\""),
        r"environment variable \1 is required",
    ),
)
LONGEST_LINE = 2000
INFORMS = Pattern(
    r"(?i)^\W{0,3}(?:[\dTZ:.,+\-/ "
    r"]{8,40}\W{0,3})?(?:INFO|DEBUG|TRACE|NOTICE)\b|\blevel[\"']?\s*[=:]\s*[\"']?(?:info|debug|trace|10|20|30)\b"
    r"|\"(?:severity|lvl)\"\s*:\s*\"(?:INFO|DEBUG|NOTICE)\"|^I\d{4} \d\d:|\[(?:info|debug|notice)\]",
)


@dataclass(frozen=True)
class Log:
    """`lines` oldest first. `missing` is the reason when there is no log to read. `empty` logs have no lines."""

    lines: tuple[str, ...]
    previous: bool = False
    missing: bool = False

    @cached_property
    def telling(self) -> list[str]:
        """Lines that may name a fault: all but those that mark themselves as information."""
        return [line for line in self.lines if line.strip() and not INFORMS.search(line[:200])]


def log_of(scope: Scope, container: Container) -> Log:
    """The log of the life that ended badly for a crashing container, else of the present one. Read once."""
    key = f"log {name(container.pod)}/{container.name}"
    if key not in scope.memo:
        scope.memo[key] = _read(scope, container)
    found: Log = scope.memo[key]
    return found


def _read(scope: Scope, container: Container) -> Log:
    crashed = container.trouble(scope.now) == Trouble.CRASHING
    order = [True, False] if crashed and container.running_since else [False, True]
    if not crashed:
        order = [False]
    message = text_at(container.last_exit, "message") if crashed else ""
    found = False
    for previous in order:
        text = scope.snapshot.log(name(container.pod), container.name, previous=previous)
        found = found or text is not None
        if text and text.strip():
            return Log(_bounded(f"{text}\n{message}"), previous)
    return Log(_bounded(message), False, missing=not found and not message)


def killed_log(scope: Scope, container: Container) -> Log:
    """The log of the life that the kubelet ended; the present one where that is not kept."""
    text = scope.snapshot.log(name(container.pod), container.name, previous=True)
    return Log(_bounded(text), previous=True) if text and text.strip() else log_of(scope, container)


def _bounded(text: str) -> tuple[str, ...]:
    text = mask_private_keys(text)
    for expression, joined in JOINED:
        text = expression.sub(joined, text)
    return tuple(line[:LONGEST_LINE] for line in text.splitlines()[-MOST_LINES:])


def last_lines(log: Log, count: int = 3) -> str:
    """The end of the log for a sentence or as evidence."""
    return " / ".join(shown(line, 240) for line in [line for line in log.lines if line.strip()][-count:])
