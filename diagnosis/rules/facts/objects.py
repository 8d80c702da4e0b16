"""Reading Kubernetes objects as plain dictionaries: paths, metadata, times, conditions, selectors, quantities."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

Obj = dict[str, Any]

_UNITS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip
LONGEST_TIME = 40
# A status may hold a megabyte; the messages we match are shorter than this.
LONGEST_TEXT = 20_000


def dig(obj: Any, *path: str | int) -> Any:
    """The value at a path of keys and list positions; None where any part is absent."""
    here = obj
    for step in path:
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and -len(here) <= step < len(here):
            here = here[step]
        else:
            return None
    return here


def items(obj: Any, *path: str | int) -> list[Obj]:
    """The dictionaries of the list at a path; empty where there is no list."""
    found = dig(obj, *path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def mapping(obj: Any, *path: str | int) -> Obj:
    found = dig(obj, *path)
    return found if isinstance(found, dict) else {}


def text_at(obj: Any, *path: str | int) -> str:
    """The text at a path, its beginning where it is very long; "" for absent."""
    found = dig(obj, *path)
    return "" if found is None else str(found)[:LONGEST_TEXT]


def number_at(obj: Any, *path: str | int) -> int:
    """The integer at a path; 0 for absent or not a number."""
    found = dig(obj, *path)
    if found is None:
        return 0
    try:
        return int(found)
    except (TypeError, ValueError, OverflowError):
        return 0


def kind(obj: Obj) -> str:
    return text_at(obj, "kind")


def name(obj: Obj | None) -> str:
    return text_at(obj, "metadata", "name")


def namespace(obj: Obj | None) -> str:
    return text_at(obj, "metadata", "namespace")


def labels(obj: Obj | None) -> dict[str, str]:
    return _texts(mapping(obj, "metadata", "labels"))


def annotations(obj: Obj | None) -> dict[str, str]:
    return _texts(mapping(obj, "metadata", "annotations"))


def _texts(found: Obj) -> dict[str, str]:
    return found if all(type(value) is str for value in found.values()) else {k: str(v) for k, v in found.items()}


@lru_cache(maxsize=4096)
def _parsed_time(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def when(value: Any) -> datetime | None:
    """A time as the API server or a YAML reader gives it; None for absent or unreadable."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return _parsed_time(value) if isinstance(value, str) and len(value) <= LONGEST_TIME else None


def created(obj: Obj | None) -> datetime | None:
    return when(dig(obj, "metadata", "creationTimestamp"))


def age(now: datetime, moment: datetime | None) -> timedelta | None:
    return None if moment is None else now - moment


def condition(obj: Obj | None, type_: str) -> Obj:
    """The condition of that type, or {}."""
    return next((entry for entry in items(obj, "status", "conditions") if entry.get("type") == type_), {})


def is_true(obj: Obj | None, type_: str) -> bool:
    return text_at(condition(obj, type_), "status") == "True"


def is_false(obj: Obj | None, type_: str) -> bool:
    return text_at(condition(obj, type_), "status") == "False"


def controller(obj: Obj | None) -> Obj:
    """The owner reference that controls the object (or the first), or {}."""
    owners = items(obj, "metadata", "ownerReferences")
    return next((owner for owner in owners if owner.get("controller")), owners[0] if owners else {})


def is_owned_by(obj: Obj, owner: Obj) -> bool:
    """By uid where both sides have one, else by kind and name."""
    uid = dig(owner, "metadata", "uid")
    for reference in items(obj, "metadata", "ownerReferences"):
        if uid and reference.get("uid"):
            if reference["uid"] == uid:
                return True
        elif reference.get("kind") == kind(owner) and reference.get("name") == name(owner):
            return True
    return False


def matches_labels(wanted: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    return all(have.get(key) == value for key, value in wanted.items())


def matches_selector(selector: Any, have: Mapping[str, Any]) -> bool:
    """A LabelSelector against labels. {} matches everything, None matches nothing."""
    if not isinstance(selector, dict):
        return False
    if not matches_labels(mapping(selector, "matchLabels"), have):
        return False
    return all(_expression_holds(entry, have) for entry in items(selector, "matchExpressions"))


def _expression_holds(expression: Obj, have: Mapping[str, Any]) -> bool:
    key, operator = text_at(expression, "key"), text_at(expression, "operator")
    values = dig(expression, "values") or []
    if operator == "In":
        return have.get(key) in values
    if operator == "NotIn":
        return have.get(key) not in values
    if operator == "Exists":
        return key in have
    if operator == "DoesNotExist":
        return key not in have
    if operator in {"Gt", "Lt"} and values and key in have:
        try:
            left, right = int(have[key]), int(values[0])
        except (TypeError, ValueError):
            return False
        return left > right if operator == "Gt" else left < right
    return False


def quantity(value: Any) -> float:
    """ "100m" -> 0.1, "64Mi" -> 67108864.0; 0.0 for absent or unreadable."""
    raw = str(value if value is not None else "").strip()
    digits = raw.rstrip("numkKMGTPi")
    unit = raw[len(digits) :]
    try:
        number = float(digits) * _UNITS.get(unit, 1.0)
    except ValueError:
        return 0.0
    return number if isfinite(number) else 0.0


def stamp(moment: datetime | None) -> str:
    """ "22 Nov 12:04 UTC": unlike a duration it stays true in a finding that is kept; "a time unknown" for None."""
    return f"{moment.astimezone(UTC):%-d %b %H:%M} UTC" if moment else "a time unknown"
