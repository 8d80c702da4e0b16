"""Counts, and counts that may be shares of all."""

from typing import Any

from sandbox.kubeapi.errors import Cause, invalid_value
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.names import refuse

_NEGATIVE = "must be greater than or equal to 0"


def check_not_negative(spec: dict[str, Any], members: tuple[str, ...], field: str) -> list[Cause]:
    return [
        invalid_value(f"{field}.{name}", spec[name], _NEGATIVE)
        for name in members
        if isinstance(spec.get(name), int) and spec[name] < 0
    ]


def check_count_or_share(value: Any, field: str) -> list[Cause]:
    if isinstance(value, str):
        return refuse(field, value, names.percent)
    return [invalid_value(field, value, _NEGATIVE)] if value < 0 else []


def check_at_most_all(value: Any, field: str) -> list[Cause]:
    too_much = isinstance(value, str) and not names.percent(value) and as_number(value) > 100
    return [invalid_value(field, value, "must not be greater than 100%")] if too_much else []


def as_number(value: Any) -> int:
    """The count, or the number before the percent sign. Text that is neither counts as zero, as in Go."""
    if isinstance(value, str):
        digits = value.removesuffix("%")
        return int(digits) if digits.isdecimal() else 0
    return int(value)
