"""A values file as keys with values, and why one cannot be read or must not be edited, with its path and line."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from integrations.errors import NotEditable, Unreadable
from integrations.gitops.yaml_tree import line_at
from integrations.yaml.events import UnreadableYaml, events_of, line_of
from integrations.yaml.text import parse

COUNTED = (
    ("service", "port"),
    ("replicaCount",),
    *(("autoscaling", key) for key in ("minReplicas", "maxReplicas", "targetCPUUtilizationPercentage")),
)
# More digits than any number of 32 bits has.
LONGEST_COUNT = 20
MEND = "Fix the file in git; MCTL reads it again at the next fetch."


def mapping(value: Any) -> Mapping[str, Any]:
    """Files may be written by hand: what should be a mapping and is something else counts as an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The same for a list."""
    return value if isinstance(value, list) else []


def root_of(text: str) -> Mapping[str, Any]:
    """The values of a file, {} where it is empty. Raises UnreadableYaml."""
    values = parse(text)
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        held = "a list" if isinstance(values, list) else "a single value"
        raise UnreadableYaml(f"The file holds {held}, not keys with values.", 1, "Begin with a key: image:")
    return values


def refuse_uncountable(text: str, values: Mapping[str, Any]) -> None:
    """Raises UnreadableYaml where Kubernetes has no room for a number: its own fields are 32 bits wide."""
    for path in COUNTED:
        value = value_below(values, path)
        if isinstance(value, str) and value.isdecimal():
            # Text to Helm, and a number to the chart.
            value = int(value) if len(value) < LONGEST_COUNT else math.inf
        if isinstance(value, int | float) and not -(2**31) <= value < 2**31:
            sentence = f"{'.'.join(path)} is more than Kubernetes can count."
            raise UnreadableYaml(sentence, line_at(text, path), "Write a number below 2,147,483,648.")


def value_below(values: Any, path: Iterable[str]) -> Any:
    """None where nothing stands there."""
    for part in path:
        values = mapping(values).get(part)
    return values


def values_of(path: str, text: str) -> Mapping[str, Any]:
    """`root_of`, for callers that answer a person. Raises Unreadable."""
    try:
        values = root_of(text)
        refuse_uncountable(text, values)
        return values
    except UnreadableYaml as problem:
        raise unreadable(path, problem) from problem


def editable_values(path: str, text: str) -> Mapping[str, Any]:
    """`values_of` a file that a single line can be changed in. Raises Unreadable, and NotEditable where a place would
    mean two things: in a file of several documents, and where two values have one anchor's name.
    """
    values = values_of(path, text)
    anchors: set[str] = set()
    documents = 0
    try:
        for event in events_of(text):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                sentence = "A second document begins here. Helm ignores it."
                raise UnreadableYaml(sentence, line_of(event), "Keep one document in the file.")
            if isinstance(event, yaml.AliasEvent | yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                continue
            anchor = getattr(event, "anchor", None)
            if anchor in anchors:
                sentence = f"The anchor &{anchor[:40]} is used a second time, so an alias of it is easily mistaken."
                raise UnreadableYaml(sentence, line_of(event), "Give each anchor a name of its own.")
            if anchor:
                anchors.add(anchor)
    except UnreadableYaml as problem:
        sentence, remedy = f"{place(path, problem.line)}: {problem}", f"{problem.instead} {MEND}"
        raise NotEditable("gitops", sentence, remedy=remedy, path=path, line=problem.line) from problem
    return values


def unreadable(path: str, problem: UnreadableYaml) -> Unreadable:
    sentence = f"{place(path, problem.line)}: {problem}"
    remedy = f"{problem.instead} {MEND}".strip()
    return Unreadable("gitops", sentence, remedy=remedy, path=path, line=problem.line)


def place(path: str, line: int) -> str:
    return f"{path}, line {line}" if line else path
