"""What stands in a request's body beyond what a JSON parser tells: members named twice, and wrong base64."""

import json
from datetime import datetime
from typing import Any

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


class _Twice(dict[str, Any]):
    """An object in which some members stand twice."""

    names: list[str]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    twice = _Twice(members)
    counted = [name for name, _ in pairs]
    twice.names = [name for name in members if counted.count(name) > 1]
    return twice


def repeated_members(body: bytes) -> list[str]:
    """Paths of the members that a JSON text names twice, such as `spec.replicas`."""
    found: list[str] = []
    _collect(json.loads(body, object_pairs_hook=_object), "", found)
    return found


def _collect(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, dict):
        if isinstance(value, _Twice):
            found += [f"{path}.{name}".removeprefix(".") for name in value.names]
        for name, member in value.items():
            _collect(member, f"{path}.{name}", found)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _collect(member, f"{path}[{index}]", found)


def is_time(text: str) -> bool:
    """Whether text is a time with its zone; an empty one stands for none."""
    try:
        return not text or (len(text) > len("2006-01-02") and datetime.fromisoformat(text).tzinfo is not None)
    except ValueError:
        return False


def wrong_base64_at(text: str) -> int | None:
    """Where text stops being base64, counted as Go's decoder does; None for what can be decoded."""
    text = text.replace("\r", "").replace("\n", "")
    in_group = 0
    for at, character in enumerate(text):
        if character in _ALPHABET:
            in_group = (in_group + 1) % 4
        elif character != "=" or in_group < 2:
            return at
        else:
            padding = "=" * (4 - in_group)
            return _wrong_padding_at(text, at, padding)
    return len(text) - in_group if in_group else None


def _wrong_padding_at(text: str, at: int, padding: str) -> int | None:
    rest = text[at:]
    if rest == padding:
        return None
    return len(text) if padding.startswith(rest) else at + len(padding) - (not rest.startswith(padding))
