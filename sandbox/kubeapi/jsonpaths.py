"""The part of JSONPath that printer columns and scale paths use: members, indexes, equality filters."""

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"\.?(?P<name>(?:[^.\[\]\\]|\\.)+)"
    r"|\[\?\(@\.(?P<key>[\w.]+)\s*==\s*(?P<quote>['\"])(?P<value>[^'\"]*)(?P=quote)\)\]"
    r"|\[(?P<index>-?\d+)\]"
    r"|\[(?P<star>\*)\]"
    r"|\[['\"](?P<member>[^'\"]+)['\"]\]"
)


@lru_cache(maxsize=512)
def _steps(path: str) -> list[re.Match[str]]:
    return list(_STEP.finditer(path.strip("{}")))


def find(value: Any, path: str) -> Any:
    """What stands at the path, or None. A star takes the first that is there."""
    for step in _steps(path):
        name = step["name"] or step["member"]
        if name is not None:
            name = name.replace("\\.", ".")
            value = value.get(name) if isinstance(value, dict) else None
        elif not isinstance(value, list):
            return None
        elif step["key"]:
            value = next((one for one in value if str(one.get(step["key"])) == step["value"]), None)
        else:
            at = int(step["index"] or 0)
            value = value[at] if -len(value) <= at < len(value) else None
        if value is None:
            return None
    return value


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Sets a plain member path such as `.spec.replicas`."""
    *parents, last = path.strip(".").split(".")
    for name in parents:
        target = target.setdefault(name, {})
    target[last] = value
