"""Label and field selectors: text to a test over an entry."""

import re
from collections.abc import Callable

from sandbox.kubeapi.entries import Entry
from sandbox.kubeapi.errors import ApiError, bad_request
from sandbox.kubeapi.resources import Resource

Test = Callable[[Entry], bool]
LabelTest = Callable[[dict[str, str]], bool]

_BETWEEN = re.compile(r",(?![^()]*\))")  # commas outside the lists of values
_KEY = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^)]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")
_ORDER = re.compile(rf"({_KEY})\s*([<>])\s*(-?\d+)")
_FIELD = re.compile(r"([^=!]+?)\s*(==|=|!=)\s*(.*)")
COMMON_FIELDS = ("metadata.name", "metadata.namespace")


def _label_test(text: str) -> LabelTest:
    if matched := _SET.fullmatch(text):
        key, operator = matched[1], matched[2]
        values = {value.strip() for value in matched[3].split(",")}
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if matched := _EQUAL.fullmatch(text):
        key, operator, wanted = matched.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != wanted
        return lambda labels: labels.get(key) == wanted
    if matched := _ORDER.fullmatch(text):
        key, operator, bound = matched[1], matched[2], int(matched[3])
        return lambda labels: _ordered(labels.get(key, ""), operator, bound)
    if matched := _EXISTS.fullmatch(text):
        absent, key = bool(matched[1]), matched[2]
        return lambda labels: (key not in labels) == absent
    raise bad_request(f"unable to parse requirement: {text!r} is not a label selector")


def _ordered(value: str, operator: str, bound: int) -> bool:
    if not re.fullmatch(r"-?\d+", value):
        return False
    return int(value) > bound if operator == ">" else int(value) < bound


def label_tests(selector: str) -> list[LabelTest]:
    """Raises ApiError 400 for text that is not a label selector."""
    parts = [part.strip() for part in _BETWEEN.split(selector)]
    return [_label_test(part) for part in parts if part]


def matches_labels(match: dict, labels: dict[str, str]) -> bool:
    """A LabelSelector object (matchLabels, matchExpressions) against labels."""
    for key, value in (match.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for one in match.get("matchExpressions") or ():
        key, operator, values = one["key"], one["operator"], one.get("values") or []
        held = {
            "In": labels.get(key) in values and key in labels,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }.get(operator, False)
        if not held:
            return False
    return True


def _unsupported_field(resource: Resource, name: str) -> ApiError:
    if resource.custom:
        return bad_request(f"field label not supported: {name}")
    version = resource.group_version
    listed = f'"{name}" is not a known field selector: only {", ".join(map(repr, COMMON_FIELDS))}'
    if resource.selectable:
        listed = f"field label not supported: {name}"
    return bad_request(f'Unable to find "{version}, Resource={resource.plural}" that match field selector: {listed}')


def _field_test(resource: Resource, text: str) -> Test:
    matched = _FIELD.fullmatch(text.strip())
    if not matched:
        raise bad_request(f"invalid field selector: {text!r}")
    name, operator, wanted = matched[1].strip(), matched[2], matched[3].strip()
    negated = operator == "!="
    if name == "metadata.name":
        return lambda entry: (entry.name == wanted) != negated
    if name == "metadata.namespace":
        return lambda entry: (entry.namespace == wanted) != negated
    if name not in resource.selectable:
        raise _unsupported_field(resource, name)
    return lambda entry: (entry.fields.get(name, "") == wanted) != negated


def named_by(field_selector: str) -> str:
    """The one name that a field selector leaves; empty where it leaves several."""
    for part in field_selector.split(","):
        matched = _FIELD.fullmatch(part.strip())
        if matched and matched[1].strip() == "metadata.name" and matched[2] != "!=":
            return matched[3].strip()
    return ""


def entry_test(resource: Resource, namespace: str, label_selector: str, field_selector: str) -> Test | None:
    """None when every entry passes, so that whole lists need no test. Raises ApiError 400."""
    labels = label_tests(label_selector)
    fields = [_field_test(resource, part) for part in field_selector.split(",") if part.strip()]
    if not labels and not fields and not namespace:
        return None

    def passes(entry: Entry) -> bool:
        if namespace and entry.namespace != namespace:
            return False
        return all(test(entry.labels) for test in labels) and all(test(entry) for test in fields)

    return passes
