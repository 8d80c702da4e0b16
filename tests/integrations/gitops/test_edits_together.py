"""Several edits of one request, on whatever a file looks like: exactly what was asked differs, or the file stays."""

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from integrations.errors import Refused
from integrations.gitops import Append, Edit, Remove, Set, SetMapping, edit_yaml, parse
from integrations.gitops.edits import copy_unshared, same, value_at
from integrations.gitops.yaml_tree import LINE_BREAK
from integrations.yaml.events import UnreadableYaml
from tests.integrations.gitops.test_edit_properties import FILE, KEY, SCALAR, VALUE, files, paths_of

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=2_500)
Path = tuple[str | int, ...]


@st.composite
def braces(draw: st.DrawFn, value: Any, indent: str = "", name: str = "c") -> str:
    """A value in braces over several lines, every entry with comments of its own above and behind it."""
    if not isinstance(value, dict | list) or not value or draw(st.booleans()):
        return json.dumps(value)
    inner, entries = indent + "  ", []
    for number, key in enumerate(value):
        held = value[key] if isinstance(value, dict) else key
        text = draw(braces(held, inner, f"{name}-{number}"))
        entries.append((f"{name}-{number}", f"{json.dumps(key)}: {text}" if isinstance(value, dict) else text))
    lines = []
    for number, (comment, text) in enumerate(entries):
        comma = "," if number < len(entries) - 1 or draw(st.booleans()) else ""
        above = f"{inner}# above {comment}\n" if draw(st.booleans()) else ""
        lines.append(f"{above}{inner}{text}{comma}" + draw(st.sampled_from(["", f"  # {comment}"])))
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}  # {name}\n" + "\n".join(lines) + f"\n{indent}{closing}"


@st.composite
def files_in_braces(draw: st.DrawFn) -> str:
    pieces = [f"{json.dumps(key)}: {draw(braces(value, '  ', key))}" for key, value in draw(ASCII_FILE).items()]
    return "\n".join(pieces) + draw(st.sampled_from(["", "\n", "\n# tail\n"]))


ASCII_FILE = st.dictionaries(
    KEY,
    st.recursive(
        st.one_of(st.integers(), st.booleans(), st.text("abc #,:{}[]'", max_size=8)),
        lambda inner: st.one_of(st.dictionaries(KEY, inner, max_size=3), st.lists(inner, max_size=3)),
        max_leaves=8,
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def json_files(draw: st.DrawFn) -> str:
    return json.dumps(draw(FILE), indent=draw(st.sampled_from([None, 2, 4])), ensure_ascii=False)


@st.composite
def shared_files(draw: st.DrawFn) -> str:
    """Every second key repeats the value of the one before it by an alias."""
    values = draw(st.dictionaries(KEY, st.dictionaries(KEY, SCALAR, min_size=1, max_size=3), min_size=1, max_size=3))
    twice = {name: value for key, value in values.items() for name, value in ((key, value), (f"{key}-2", value))}
    return str(yaml.safe_dump(twice, sort_keys=False, default_flow_style=draw(st.sampled_from([None, False, True]))))


@st.composite
def edits_of(draw: st.DrawFn, values: Any) -> list[Edit]:
    found: list[Edit] = []
    paths = paths_of(values)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(paths))
        held = value_at(values, path)
        choices: list[Edit] = [Set(path, draw(VALUE)), Remove(path), Set((draw(KEY),), draw(VALUE))]
        if isinstance(held, dict):
            choices += [Set((*path, draw(KEY)), draw(VALUE)), SetMapping(path, {draw(KEY): draw(SCALAR)})]
        if isinstance(held, list):
            choices += [Append(path, draw(SCALAR))]
        found.append(draw(st.sampled_from(choices)))
    return found


def applied(values: Any, edit: Edit) -> Any:
    """The values after an edit, written down a second time and as plainly as can be."""
    values = copy.deepcopy(values)
    if isinstance(edit, SetMapping):
        for key, value in edit.values.items():
            values = applied(values, Set((*edit.path, key), value))
        return values
    holder = values
    for part in edit.path[:-1]:
        holder = holder[part]
    last = edit.path[-1]
    if isinstance(edit, Set):
        holder[last] = copy_unshared(edit.value)
    elif isinstance(edit, Remove):
        del holder[last]
    elif not any(same(copy_unshared(edit.item), item) for item in holder[last]):
        holder[last].append(copy_unshared(edit.item))
    return values


def touched_lines(text: str, edits: list[Edit]) -> set[int]:
    """Numbers of the lines that the edits may change: those of each place, or of the collection it is in."""
    root, found = yaml.compose(text, Loader=yaml.CSafeLoader), set()
    for edit in edits:
        node = root
        spans = []
        for part in edit.path:
            begins = node.start_mark.line
            inner = None
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
                begins, inner = (pair[0].start_mark.line, pair[1]) if pair else (begins, None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                inner = node.value[part]
                begins = inner.start_mark.line
            if inner is None:
                break
            # An alias stands behind its key, its value elsewhere.
            spans.append((begins, max(begins, inner.end_mark.line)))
            node = inner
        else:
            # What goes or grows may move the comma of its neighbours, and an only entry takes its brackets along.
            above = spans[-2] if len(spans) > 1 else (0, root.end_mark.line)
            found |= set(range(spans[-1][0], spans[-1][1] + 1))
            if isinstance(edit, Remove):
                found |= set(range(above[0], above[1] + 1))
            continue
        begins, ends = spans[-1] if spans else (root.start_mark.line, root.end_mark.line)
        found |= set(range(begins, ends + 1))
    return found


def check(text: str, edits: list[Edit]) -> None:
    before = copy_unshared(parse(text))
    expected = before
    try:
        for edit in edits:
            expected = applied(expected, edit)
    except (KeyError, IndexError, TypeError, AttributeError):
        assume(False)
    try:
        after = edit_yaml(text, edits)
    except Refused as refusal:
        event(f"refused: {refusal.sentence.split('safely. ')[-1][-30:]}")
        return
    event("equal")
    assert same(copy_unshared(parse(after)) or {}, expected)
    free = touched_lines(text, edits)
    rest = iter(LINE_BREAK.split(after))
    for number, line in enumerate(LINE_BREAK.split(text)):
        if number not in free:
            assert line in rest, f"line {number + 1} is lost: {line!r}"


ANY_FILE = st.one_of(files(), files_in_braces(), json_files(), shared_files())


@given(text=ANY_FILE, data=st.data())
def any_edits(text: str, data: st.DataObject) -> None:
    try:
        values = copy_unshared(parse(text))
    except UnreadableYaml:
        assume(False)
    check(text, data.draw(edits_of(values)))


def test_edits_of_one_request_give_exactly_what_they_ask_together_or_are_refused() -> None:
    QUICK(any_edits)()


@pytest.mark.faults
def test_edits_give_exactly_what_they_ask_in_a_long_run() -> None:
    LONG(any_edits)()
