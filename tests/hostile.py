"""Text that somebody writes to break its readers, and how the cost of reading it is judged."""

import time
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

# Each is the beginning of something that a pattern looks for, so that a search may begin again at every one of them.
UNITS = (
    "secret", "secret=", "SECRET_", "password ", "token: ", "pass\"=\\", "--secret ", "name:value ", "a_b-c.d",
    "eyJ", "eyJeyJ.", "-----BEGIN PRIVATE KEY-----\n", "://a:", "://a:b@", "@", "Bearer ", "AKIA", "ghp_",
    "\"", "'", "\\", "\\\"", '{"name":"secret","value":', "{[", "1", "00:00:", " ", "\n", "\t", "\r\n", "//", "\n \n",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz", "é", "😀", "\ud800", "\0", "\x1b[31m", "\u202e",
    "level=", "KEY_", "port: ", "listening on ", "KeyError: ", "lookup a", "error connect to http://a:80", "a.b.",
    "1 node(s) a, ", "/x.yaml", "environment variable A_B ", "execution error at (", "sh: ", "host='a', port=1",
    "no such host", "exceeded quota: a, requested: ", "Readiness probe failed: ", "://", "nslookup ", "- ", "+ ",
)  # fmt: skip
TIMES_LONGER = 4
# Linear work takes four times as long on four times as much, quadratic work sixteen times.
MOST_GROWTH = 9
# Below this a run says more about the machine than about the scanner.
LEAST_SPENT_S = 0.001
LONGEST = 1 << 19
# What else runs on the machine may slow one run, never all of them.
MOST_TRIES = 6

Scan = Callable[[str], object]


def texts() -> st.SearchStrategy[str]:
    """Fragments that patterns look for, mixed with whatever Unicode has, lone surrogates included."""
    anything = st.text(st.characters(), max_size=12)
    return st.lists(st.one_of(st.sampled_from(UNITS), anything), max_size=12).map("".join)


def spent_s(scan: Scan, text: str) -> float:
    began = time.process_time()
    scan(text)
    return time.process_time() - began


def growth(scan: Scan, unit: str) -> float:
    """How many times longer `scan` takes on four times as much of the same text."""
    text = unit * (1_000 // len(unit) + 1)
    while spent_s(scan, text) < LEAST_SPENT_S and len(text) < LONGEST:
        text *= 2
    grown = growth_from(scan, text)
    # Memory outside of the processor's cache costs more, once; work that is not linear grows so at every size.
    return grown if grown < MOST_GROWTH else min(grown, growth_from(scan, text * TIMES_LONGER))


def growth_from(scan: Scan, text: str) -> float:
    short = long = float("inf")
    for _ in range(MOST_TRIES):
        short, long = min(short, spent_s(scan, text)), min(long, spent_s(scan, text * TIMES_LONGER))
        grown = long / max(short, LEAST_SPENT_S)
        if grown < MOST_GROWTH:
            break
    return grown


def superlinear(scan: Scan, units: tuple[str, ...] = UNITS) -> dict[str, float]:
    """Units on which the cost grows faster than the text."""
    found = {unit: growth(scan, unit) for unit in units}
    return {unit: round(times, 1) for unit, times in found.items() if times >= MOST_GROWTH}


def as_cases(scanners: dict[str, Scan]) -> list[object]:
    return [pytest.param(scan, id=name) for name, scan in scanners.items()]
