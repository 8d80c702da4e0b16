"""Label and field selectors, built from names that were checked. Text from outside never becomes a selector."""

import re
from collections.abc import Iterable, Mapping

from integrations.errors import Missing

LABEL_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
FIELD_PATH = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,100}")
FIELD_VALUE = re.compile(r"[A-Za-z0-9._:/-]{0,253}")


class Selector(str):
    """A selector as the API reads it. Only this module makes one, so a comma in a name cannot widen it."""

    __slots__ = ()


EVERYTHING = Selector("")


def label_selector(wanted: Mapping[str, str] | None = None, *, having: Iterable[str] = ()) -> Selector:
    """Objects whose labels equal `wanted` and that carry every label of `having`.

    Keys are ours: a bad one raises ValueError. Values come from git and people: Missing where no object can have one.
    """
    terms = []
    for key, value in (wanted or {}).items():
        terms.append(f"{_check_shape(LABEL_KEY, key, 'label')}={_possible(LABEL_VALUE, value, key)}")
    terms += [_check_shape(LABEL_KEY, key, "label") for key in having]
    return Selector(",".join(terms))


def field_selector(wanted: Mapping[str, str]) -> Selector:
    """Objects whose fields equal `wanted`, such as `{"involvedObject.name": "..."}`. Raises as `label_selector`."""
    terms = []
    for path, value in wanted.items():
        terms.append(f"{_check_shape(FIELD_PATH, path, 'field')}={_possible(FIELD_VALUE, value, path)}")
    return Selector(",".join(terms))


def _check_shape(shape: re.Pattern[str], text: str, what: str) -> str:
    if not shape.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no {what} of Kubernetes.")
    return text


def _possible(shape: re.Pattern[str], text: str, what: str) -> str:
    if not shape.fullmatch(text):
        raise Missing(
            "kubernetes",
            f"No object can have {text[:80]!r} as its {what}: Kubernetes does not take that value.",
            remedy="Check the name; a label has at most 63 characters.",
        )
    return text
