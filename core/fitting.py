"""Values made fit for their columns. Git and cluster may hold what a database does not take, and databases differ in
what they refuse: PostgreSQL refuses NUL, half a surrogate pair and a text that is too long, SQLite takes all three.

What cannot be shown appears as its escape, such as \\x00; what is too long is cut; a number is kept within its column.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from django.db import models

from core.text import visible

# More than anybody reads; a message of the cluster may be a megabyte.
LONGEST_TEXT = 20_000
DEEPEST = 20
MOST_NUMBER = {"PositiveIntegerField": 2**31 - 1, "PositiveSmallIntegerField": 2**15 - 1}
# What JSON numbers are read into without loss, in the database and in the digest of a row.
MOST_JSON_NUMBER = 2**63 - 1


def fit_to_columns(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """The same columns with values that every database takes and gives back unchanged."""
    columns = _columns(model)
    return {name: _fit(columns[name], value) for name, value in values.items()}


def why_unfit(model: type[models.Model], **key: str) -> str:
    """Why a row cannot have this key, which must not be changed; "" where it can."""
    for name, value in fit_to_columns(model, key).items():
        if value != key[name]:
            too_long = key[name].startswith(value)
            return f"its {name} is longer than {len(value)} characters" if too_long else f"no {name} is written so"
    return ""


@lru_cache
def _columns(model: type[models.Model]) -> dict[str, models.Field]:
    return {field.name: field for field in model._meta.concrete_fields}


def _fit(field: models.Field, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return _json(value)
    if isinstance(field, models.TextField) and isinstance(value, str):
        return visible(value[:LONGEST_TEXT])[:LONGEST_TEXT]
    if isinstance(field, models.CharField) and isinstance(value, str):
        return visible(value[: field.max_length], stays="")[: field.max_length]
    most = MOST_NUMBER.get(field.get_internal_type())
    return max(0, min(value, most)) if most is not None and isinstance(value, int) else value


def _json(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return visible(value[:LONGEST_TEXT])[:LONGEST_TEXT]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MOST_JSON_NUMBER else "(a number that is too large)"
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if depth == DEEPEST:
        return "(nested too deeply)"
    if isinstance(value, Mapping):
        return {str(_json(str(key))): _json(held, depth + 1) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_json(held, depth + 1) for held in value]
    return _json(str(value))
