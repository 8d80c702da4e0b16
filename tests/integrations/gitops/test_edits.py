"""Edits of values files, by example: one line changes, or the file is left alone with a reason."""

import difflib
from pathlib import Path

import pytest

from core.errors import Invalid
from integrations.errors import Refused
from integrations.gitops import Append, Edit, Remove, Set, SetMapping, edit_yaml, new_service_values, parse

WORLD = Path(__file__).resolve().parents[3] / "sandbox" / "world"
SERVICE_FILES = sorted((WORLD / "services").rglob("values.yaml"))


def changed_lines(before: str, after: str) -> list[str]:
    pieces = [text.split("\n") for text in (before, after)]
    return [line for line in difflib.ndiff(*pieces) if line[0] in "+-"]


def text_of(file: Path) -> str:
    return file.read_bytes().decode()


def edited(before: str, *edits: Edit) -> list[str]:
    return changed_lines(before, edit_yaml(before, edits))


@pytest.mark.parametrize("file", SERVICE_FILES, ids=lambda file: file.parent.name)
def test_a_deploy_touches_exactly_one_line_of_each_file_of_the_world(file: Path) -> None:
    before = text_of(file)
    lines = edited(before, Set(("image", "tag"), "9.9.9"))
    assert len(lines) == 2
    assert lines[0].replace(str(parse(before)["image"]["tag"]), "9.9.9")[1:] == lines[1][1:]


def test_quotes_comments_and_line_endings_of_the_edited_line_stay() -> None:
    assert edited("tag: '1.0'  # why\r\n", Set(("tag",), "1.1")) == ["- tag: '1.0'  # why\r", "+ tag: '1.1'  # why\r"]
    assert edited('tag: "1.0"', Set(("tag",), "1.1")) == ['- tag: "1.0"', '+ tag: "1.1"']


@pytest.mark.parametrize(
    "text", ["1.10", "no", "1e3", "0o17", "12:30", "2024-01-01", "null", "~", "007", ".5", "y", "1_0"]
)
def test_text_that_yaml_takes_for_something_else_is_quoted(text: str) -> None:
    assert edit_yaml("tag: a\n", [Set(("tag",), text)]) == f'tag: "{text}"\n'


@pytest.mark.parametrize("text", ["1.4.2", "v2.0.1-rc.1", "main-4f2a91c", "256Mi", "500m", "ghcr.io/acme/cart", "info"])
def test_plain_text_stays_plain(text: str) -> None:
    assert edit_yaml("tag: a\n", [Set(("tag",), text)]) == f"tag: {text}\n"


def test_a_number_tag_becomes_text_when_text_is_set() -> None:
    assert edit_yaml("tag: 47\n", [Set(("tag",), "48")]) == 'tag: "48"\n'


def test_setting_what_is_there_changes_nothing() -> None:
    before = "a:   'x'   # odd but ours\n"
    assert edit_yaml(before, [Set(("a",), "x")]) == before


def test_new_keys_come_after_the_last_sibling_with_its_indentation() -> None:
    before = "env:\n    A: '1'  # one\n    # B: old\n\nport: 1\n"
    after = edit_yaml(before, [Set(("env", "B"), "2"), Set(("probes", "startup", "path"), "/up")])
    assert after == (
        "env:\n    A: '1'  # one\n    B: \"2\"\n    # B: old\n\nport: 1\nprobes:\n    startup:\n        path: /up\n"
    )


def test_lists_are_extended_in_the_style_of_the_file() -> None:
    reference = {"secretRef": {"name": "s"}}
    assert edit_yaml("envFrom:\n- a: 1\nx: 1\n", [Append(("envFrom",), reference)]) == (
        "envFrom:\n- a: 1\n- secretRef:\n    name: s\nx: 1\n"
    )
    assert edit_yaml("envFrom: []  # none\n", [Append(("envFrom",), reference)]) == (
        "envFrom:  # none\n  - secretRef:\n      name: s\n"
    )
    assert edit_yaml("hosts: [a]\n", [Append(("hosts",), "b.example")]) == "hosts: [a, b.example]\n"


def test_braces_are_edited_in_place() -> None:
    before = "image: {tag: '1', pull: Always}  # c\nlimits: { cpu: 1, }\nempty: {}\n"
    after = edit_yaml(before, [Set(("image", "tag"), "2"), Set(("limits", "memory"), "1Gi"), Set(("empty", "a"), "b")])
    assert after == "image: {tag: '2', pull: Always}  # c\nlimits: { cpu: 1, memory: 1Gi }\nempty:\n  a: b\n"


def test_a_mapping_is_reconciled_line_by_line() -> None:
    before = "env:\n  A: '1'  # stays\n  B: '2'\n  C: '3'\n"
    after = edit_yaml(before, [Set(("env",), {"A": "1", "C": "4", "D": "5"})])
    assert after == "env:\n  A: '1'  # stays\n  C: '4'\n  D: \"5\"\n"
    assert edit_yaml(before, [SetMapping(("env",), {"B": "x"})]) == before.replace("'2'", "'x'")


def test_removing_the_last_key_leaves_an_empty_mapping() -> None:
    assert edit_yaml("env:  # vars\n  A: '1'\nx: 1\n", [Remove(("env", "A"))]) == "env: {}  # vars\nx: 1\n"
    assert edit_yaml("hosts:\n  - a\n", [Remove(("hosts", 0))]) == "hosts: []\n"
    assert edit_yaml("a: {b: 1, c: 2}\n", [Remove(("a", "b"))]) == "a: {c: 2}\n"


def test_removing_the_first_key_of_an_item_keeps_its_dash() -> None:
    assert edit_yaml("l:\n  - a: 1\n    b: 2\n", [Remove(("l", 0, "a"))]) == "l:\n  - b: 2\n"


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert edit_yaml("a: 1\n", [Remove(("b", "c")), Remove(("a", "x"))]) == "a: 1\n"


def test_block_scalars_keep_their_form() -> None:
    before = "a: |\n    one\n    two\nb: 1\n"
    assert edit_yaml(before, [Set(("a",), "three\nfour\n")]) == "a: |\n    three\n    four\nb: 1\n"


def test_a_megabyte_round_trips() -> None:
    text = 'x"y\\z\n\t{{ }} é😀 # : ' * 50_000
    assert parse(edit_yaml("env:\n  A: b\n", [Set(("env", "A"), text)]))["env"]["A"] == text


def test_hidden_characters_are_written_so_that_a_reviewer_sees_them() -> None:
    assert edit_yaml("a: b\n", [Set(("a",), "x\u202ey")]) == 'a: "x\\u202ey"\n'


def test_an_anchored_value_is_not_changed_elsewhere_in_passing() -> None:
    before = "a: &size\n  memory: 1Gi\nb: *size\n"
    with pytest.raises(Refused, match=r"a.memory cannot be changed safely. It would also change b.memory"):
        edit_yaml(before, [Set(("a", "memory"), "2Gi")])
    with pytest.raises(Refused, match=r"b is an alias"):
        edit_yaml(before, [Set(("b", "memory"), "2Gi")])
    assert edit_yaml(before, [Set(("b",), {"memory": "2Gi"})]) == "a: &size\n  memory: 1Gi\nb:\n  memory: 2Gi\n"


def test_a_merged_key_is_set_where_it_counts() -> None:
    before = "base: &base\n  A: '1'\nenv:\n  <<: *base\n  B: '2'\n"
    after = edit_yaml(before, [Set(("env", "A"), "3")])
    assert parse(after)["env"] == {"A": "3", "B": "2"}
    assert parse(after)["base"] == {"A": "1"}


@pytest.mark.parametrize(
    ("text", "edit", "reason"),
    [
        ("a: 1\na: 2\n", Set(("a",), 3), "stands 2 times"),
        ("a: text\n", Set(("a", "b"), 3), "single value"),
        ("- a\n", Set(("a",), 3), "list"),
        ("a:\n  - - 1\n    - 2\n", Remove(("a", 0, 0)), "not edited here"),
        ("a: [1\n", Set(("a",), 3), "line 2: A list in brackets is not closed"),
        ("a: 1\n---\nb: 2\n", Set(("a",), 3), "line 2: A second document"),
        ("a: &x 1\nb: &x 2\nc: *x\n", Set(("a",), 3), "line 2: The anchor &x"),
        ("a: &x {b: *x}\n", Set(("c",), 3), "line 1: &x would contain itself"),
        ("a: !!int text\n", Set(("b",), 3), "line 1: The value is not what its tag"),
        ("a: {tag: 1, <<: {tag: 2}}\n", Set(("a", "tag"), 3), "a.tag"),
        ("a: 1\n", Set(("a",), 2**53 + 1), "a"),
        ("n: 1\nb: 2\n", Remove(("false",)), "its key is not text"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_the_reason(text: str, edit: Edit, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refusal:
        edit_yaml(text, [edit])
    assert refusal.value.remedy


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_characters_no_file_can_hold_are_refused_with_the_field(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        edit_yaml("env: {}\n", [Set(("env", "A"), text)])
    assert refusal.value.fields[0]["field"] == "env.A"


def test_empty_files_and_files_of_comments_can_be_filled() -> None:
    assert edit_yaml("", [Set(("a", "b"), 1)]) == "a:\n  b: 1\n"
    assert edit_yaml("# only this\n", [Set(("a",), 1)]) == "# only this\na: 1\n"
    assert edit_yaml("\ufeffa: 1\n", [Set(("a",), 2)]) == "\ufeffa: 2\n"


def test_a_new_service_gets_a_readable_file() -> None:
    text = new_service_values(
        tenant="labs",
        service="echo",
        image="ghcr.io/acme/echo",
        tag="1.10",
        host="labs-echo.apps.example.dev",
        port=9000,
    )
    values = parse(text)
    assert text.startswith("# labs/echo\n")
    assert (values["image"]["tag"], values["service"]["port"]) == ("1.10", 9000)
    assert values["ingress"]["tls"] == [{"secretName": "echo-tls", "hosts": ["labs-echo.apps.example.dev"]}]


def test_a_new_worker_has_neither_port_nor_host() -> None:
    text = new_service_values(
        tenant="labs", service="job", image="ghcr.io/acme/job", tag="1.0.0", component_type="worker-service", host="x.y"
    )
    assert not parse(text).keys() & {"service", "ingress", "probes"}


def test_names_that_would_leave_their_folder_are_refused() -> None:
    with pytest.raises(Invalid):
        new_service_values(tenant="../x", service="a", image="a", tag="1.0.0")
