"""The system check as JSON, the same for the terminal and for REST."""

from typing import Any

from mctl.health.lines import Report


def as_json(report: Report) -> dict[str, Any]:
    """`{"is_well", "sentence", "checked_at", "took_s", "failing", "lines": [{"group", "name", "state", ...}]}`."""
    lines = [
        {
            "group": group.title,
            "name": line.name,
            "state": line.state.value,
            "is_required": line.is_required,
            "sentence": line.sentence,
            "remedy": line.remedy,
            "rule": line.rule,
        }
        for group in report.groups
        for line in group.lines
    ]
    return {
        "is_well": report.is_well,
        "sentence": report.sentence,
        "failing": report.failing,
        "checked_at": report.checked_at.isoformat(),
        "took_s": report.took_s,
        "lines": lines,
    }
