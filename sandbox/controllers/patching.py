"""Merge patches that say exactly what changed."""

from typing import Any


def merge_patch(old: Any, new: Any) -> Any:
    """What turns `old` into `new` under RFC 7386: changed members, null for those that vanish, empty for none."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch: dict[str, Any] = {name: None for name in old if name not in new and old[name] is not None}
    for name, value in new.items():
        if name not in old:
            patch[name] = value
        elif old[name] != value:
            patch[name] = merge_patch(old[name], value)
    return patch
