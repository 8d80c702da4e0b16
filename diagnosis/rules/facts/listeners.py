"""Where a program says it listens: addresses and ports out of its start-up lines."""

from dataclasses import dataclass

from core.patterns import Pattern

_PLACE = r"(?:\w+://)?(?P<host>\[?[\w:.\-*]*?\]?):(?P<port>\d{2,5})"
# No digit follows, nor a dot and a digit: those are parts of an address or of a time.
_END = r"(?:[^\d.]|\.\D|\.?$)"
_ROWS = (
    rf"(?i)(?:listen\w*|serving|running|started|bound|binding|available|accepting|up|ready)\b[^\d\n]{{0,60}}?(?:on|at|to|:|=)\s*[\"']?{_PLACE}{_END}",
    rf"(?i)(?:addr(?:ess)?|bind|endpoint|listen(?:ing)?)[\"']?\s*[:=]\s*[\"']?{_PLACE}{_END}",
    rf"(?i)(?:listen\w*|serving|running|started|bound|accepting)\b[^\d\n]{{0,60}}?(?:port|ports|port\(s\))[\"']?\s*[:=]?\s*[\"']?(?P<port>\d{{2,5}}){_END}",
    rf"(?i)(?:listen\w*|serving) (?:on|at) [\"']?(?P<port>\d{{2,5}})\b{_END}",
    r"(?i)\bport[\"']?\s*[:=]\s*[\"']?(?P<port>\d{2,5})\b.*(?:listen|start|serv)",
)
_EXPRESSIONS = tuple(Pattern(row) for row in _ROWS)
_WORD = Pattern(r"(?i)listen|serving|running|started|bound|bind|accepting|available|ready|\bup\b")
_FAILS = Pattern(r"(?i)in use|refused|failed|cannot|could not|error|denied|connect(?:ed|ing)? to")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Listener:
    """`host` is "" where the line names only a port."""

    host: str
    port: int
    line: str

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK


def listeners(lines: tuple[str, ...]) -> list[Listener]:
    """In the order said, one per (host, port)."""
    found: dict[tuple[str, int], Listener] = {}
    for line in lines:
        if not _WORD.search(line) or _FAILS.search(line):
            continue
        for expression in _EXPRESSIONS:
            match = expression.search(line)
            if match:
                host, port = match.groupdict().get("host") or "", int(match["port"])
                if 1 <= port <= 65535:
                    found.setdefault((host, port), Listener(host, port, line))
                break
    return list(found.values())
