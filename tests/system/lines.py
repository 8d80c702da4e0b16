"""The report's lines by name."""

from collections.abc import Callable

from mctl.health import Line, Report

Ask = Callable[..., dict[str, Line]]


def lines(report: Report) -> dict[str, Line]:
    """By name; sources of the mirror and systems may have the same, so the group stands before it."""
    return {f"{group.title}: {line.name}": line for group in report.groups for line in group.lines}
