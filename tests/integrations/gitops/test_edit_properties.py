"""Whatever a values file looks like and whatever is set in it: the value arrives, nothing else moves."""

import difflib
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from integrations.gitops import Append, Remove, Set, edit_yaml, parse
from integrations.gitops.edits import copy_unshared, same, value_at

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Everything a person may paste: quotes, markers, templates, line separators. NUL and surrogates are refused.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
NASTY = st.sampled_from(
    [
        *(
            "",
            " ",
            "~",
            "null",
            "yes",
            "No",
            "on",
            "y",
            "0",
            "007",
            "0x1F",
            "1e3",
            "1_000",
            ".5",
            "12:30:45",
            "2024-01-01",
        ),
        *(
            "a: b",
            "a #b",
            "#a",
            "- a",
            "? a",
            "[a",
            "{a}",
            "&a",
            "*a",
            "!!python/object:os.system",
            "---",
            "...",
            "%TAG",
        ),
        *(
            "'",
            '"',
            "''",
            "it's",
            'say "hi"',
            "back\\slash",
            "tab\there",
            "two\nlines",
            "two\nlines\n",
            "\n",
            " lead",
            "trail ",
        ),
        *(
            "{{ .Values }}",
            "$(reboot)",
            "`id`",
            "\u202egnp.exe",
            "\u2028",
            "\x85",
            "\ufeff",
            "\x1b[31m",
            "é",
            "😀",
            "<<",
            "=",
        ),
        *("a\n\n\nb\n\n", "\n\nx", "  deep\nless", "a\r\nb", "a,b", "a: 'b' \"c\"", "x" * 3000),
    ]
)
SCALAR = st.one_of(
    NASTY,
    TEXT,
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
# PyYAML writes y and n bare, which Helm reads as booleans: a key that is not text is refused (test_edits.py).
KEY = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,12}", fullmatch=True).filter(lambda key: key not in set("yYnN"))
# Lists directly in lists have no place in values files; they are refused (test_edits.py).
ITEM = st.one_of(SCALAR, st.dictionaries(KEY, st.one_of(SCALAR, st.lists(SCALAR, max_size=2)), max_size=3))
VALUE = st.one_of(
    SCALAR,
    st.recursive(ITEM, lambda inner: st.dictionaries(KEY, inner, max_size=3), max_leaves=5),
    st.lists(ITEM, max_size=3),
)
FILE = st.dictionaries(KEY, VALUE, min_size=1, max_size=5)
STYLE = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([None, False, True]),
        "default_style": st.sampled_from([None, '"', "'", "|"]),
        "indent": st.sampled_from([2, 4]),
        "width": st.sampled_from([40, 4000]),
        "allow_unicode": st.booleans(),
    }
)


class Plain(yaml.SafeDumper):
    """Without anchors: those have tests of their own."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file as somebody may have written it: styles, comments, blank lines, line endings, no final newline."""
    style = draw(STYLE)
    text = yaml.dump(draw(FILE), Dumper=Plain, sort_keys=False, **style)
    # Block scalars with exotic line separators are refused, not edited.
    assume(style["default_style"] != "|" or not any(char in text for char in "\x85\u2028\u2029"))
    if draw(st.booleans()) and "\n " not in text and style["default_style"] is None:
        text = "\n".join(line + "  # why" if line.endswith(":") else line for line in text.split("\n"))
    text = draw(st.sampled_from(["", "# head\n", "---\n", "---\n# head\n\n"])) + text
    text += draw(st.sampled_from(["", "\n# tail\n", "\n\n"]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.rstrip("\r\n") if draw(st.booleans()) else text


def paths_of(values: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [found for key, value in inner for found in [(*path, key), *paths_of(value, (*path, key))]]


@QUICK
@given(text=files(), value=VALUE, data=st.data())
def test_what_is_set_is_what_is_read(text: str, value: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths_of(parse(text))))
    after = parse(edit_yaml(text, [Set(path, value)]))
    assert same(value_at(after, path), copy_unshared(value))


@QUICK
@given(text=files(), key=KEY, value=VALUE)
def test_a_new_key_arrives_and_old_lines_stay(text: str, key: str, value: Any) -> None:
    before = parse(text)
    assume(key not in before)
    edited = edit_yaml(text, [Set((key, "inner"), value)])
    assert same(parse(edited), {**before, key: {"inner": copy_unshared(value)}})
    if not is_in_braces(text):
        lines = difflib.ndiff(text.splitlines(), edited.splitlines())
        lost = [line for line in lines if line.startswith("-")]
        # A block of text that the file ended in gets a line break, so its header says that it is not part of it.
        assert all(not text.endswith("\n") and line.rstrip("0123456789").endswith(("|", ">")) for line in lost)


def is_in_braces(text: str) -> bool:
    return next(line for line in text.splitlines() if line and line[0] not in "-#").startswith("{")


@QUICK
@given(text=files(), data=st.data())
def test_what_is_removed_is_gone_and_nothing_else(text: str, data: st.DataObject) -> None:
    before = parse(text)
    path = data.draw(st.sampled_from(paths_of(before)))
    if len(path) == 1 and len(before) == 1:
        return
    after = parse(edit_yaml(text, [Remove(path)]))
    holder_before, holder_after = value_at(before, path[:-1]) if path[1:] else before, value_at(after, path[:-1])
    assert len(holder_after) == len(holder_before) - 1


@QUICK
@given(text=files(), item=VALUE, key=KEY)
def test_an_item_is_appended_once(text: str, item: Any, key: str) -> None:
    once = edit_yaml(
        text, [Remove((key,)), Append((key,), item)] if len(parse(text)) > 1 else [Append(("list",), item)]
    )
    path = (key,) if len(parse(text)) > 1 else ("list",)
    assert same(value_at(parse(once), path)[-1], copy_unshared(item))
    assert edit_yaml(once, [Append(path, item)]) == once


@QUICK
@given(tag=st.one_of(NASTY, TEXT))
def test_a_tag_touches_its_line_and_no_other(tag: str) -> None:
    text = "# top\nimage:\n    repository: 'x'   # keep\n    tag: 1.0.0  # why\n\nenv: {A: \"1\"}\n"
    edited = edit_yaml(text, [Set(("image", "tag"), tag)])
    changed = [line for line in difflib.ndiff(text.split("\n"), edited.split("\n")) if line[0] in "+-"]
    assert len(changed) == (0 if edited == text else 2)
    assert parse(edited)["image"]["tag"] == tag
