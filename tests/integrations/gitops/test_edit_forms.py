"""Forms a values file may have, by example: hosts as mappings, shared probes, braces with comments, JSON, open ends."""

import json
from typing import Any

import pytest

from core.errors import Invalid
from integrations.errors import Refused
from integrations.gitops import Append, Edit, Remove, Set, SetMapping, edit_yaml, edits, parse
from integrations.gitops.yaml_tree import Document

PROBES = "probes:\n  liveness: &probe {path: /a}  # both\n  readiness: *probe\n"
BRACES = """\
env: {  # all of them
  # about A
  A: '1',  # one
  # about B
  B: '2',  # two
  C: '3'  # three
}  # end
"""
LIST = "hosts: [\n  a,  # first\n  b  # second\n]\n"
JSON = json.dumps({"image": {"tag": "1.0.0"}, "env": {"A": "1", "B": "2"}, "hosts": ["a"], "empty": {}}, indent=2)


def probe_path(probe: str, path: str) -> Edit:
    return Set(("probes", probe, "path"), path)


def test_a_host_that_is_a_mapping_keeps_its_paths_and_comments() -> None:
    before = "hosts:\n  - host: a.example.dev # main\n    paths:\n      - path: /\n  - host: b.example.dev\n"
    after = edit_yaml(before, [Set(("hosts", 0, "host"), "new.example.dev")])
    assert after == before.replace("a.example.dev", "new.example.dev")


def test_two_probes_that_share_a_value_are_changed_together() -> None:
    after = edit_yaml(PROBES, [probe_path("liveness", "/b"), probe_path("readiness", "/b")])
    assert after == PROBES.replace("/a", "/b")
    ports = [Set(("probes", probe, "port"), 80) for probe in ("liveness", "readiness")]
    assert edit_yaml(PROBES, ports) == PROBES.replace("/a", "/a, port: 80")


def test_two_probes_that_share_a_value_are_switched_off_together() -> None:
    off = [Set(("probes", probe), None) for probe in ("liveness", "readiness")]
    assert edit_yaml(PROBES, off) == "probes:\n  liveness: null  # both\n  readiness: null\n"


def test_an_alias_stays_where_its_value_changes_alike() -> None:
    before = "host: &host a.example.dev\ntls: [*host]\n"
    asked = [Set(("host",), "b.example.dev"), Set(("tls", 0), "b.example.dev")]
    assert edit_yaml(before, asked) == before.replace("a.example.dev", "b.example.dev")
    assert edit_yaml(before, asked[1:]) == before.replace("*host", "b.example.dev")


@pytest.mark.parametrize(
    "asked", [[probe_path("readiness", "/b")], [probe_path("liveness", "/b"), probe_path("readiness", "/c")]]
)
def test_a_shared_value_cannot_become_two(asked: list[Edit]) -> None:
    with pytest.raises(Refused, match=r"probes.readiness is an alias \(\*probe\)"):
        edit_yaml(PROBES, asked)


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ([Set(("env", "D"), "4")], BRACES.replace("'3'  # three", "'3',  # three\n  D: \"4\"")),
        ([Set(("env", "B"), "x")], BRACES.replace("'2'", "'x'")),
        ([Remove(("env", "B"))], BRACES.replace("  B: '2',  # two\n", "")),
        ([Remove(("env", "C"))], BRACES.replace("'2',", "'2'").replace("  C: '3'  # three\n", "")),
        (
            [Remove(("env", "C")), Set(("env", "D"), "4")],
            BRACES.replace("  C: '3'  # three", '  D: "4"'),
        ),
    ],
)
def test_braces_over_several_lines_keep_the_comments_of_what_stays(asked: list[Edit], after: str) -> None:
    assert edit_yaml(BRACES, asked) == after


def test_lists_in_brackets_over_several_lines_keep_the_comments_of_what_stays() -> None:
    assert edit_yaml(LIST, [Append(("hosts",), "c")]) == LIST.replace("b  # second", "b,  # second\n  c")
    assert edit_yaml(LIST, [Remove(("hosts", 0))]) == LIST.replace("  a,  # first\n", "")
    assert edit_yaml(LIST, [Set(("hosts",), ["x", "a", "b"])]) == LIST.replace("  a,", "  x,\n  a,")


def test_a_key_behind_a_dash_leaves_the_comment_of_the_next_key() -> None:
    assert edit_yaml("l:\n  - a: 1\n    # about b\n    b: 2\n", [Remove(("l", 0, "a"))]) == (
        "l:\n  -\n    # about b\n    b: 2\n"
    )


@pytest.mark.parametrize(
    "asked",
    [
        [Set(("image", "tag"), "main-4f2a91c")],
        [Set(("env", "C"), 'say "hi" \u202e\U000e0001\x7f\n\U0001f600'), Remove(("env", "B"))],
        [Remove(("env", "A")), Remove(("env", "B"))],
        [SetMapping(("empty",), {"on": True, "size": 1.5, "none": None})],
        [Append(("hosts",), {"name": "b"}), Set(("new", "list"), ["x", {"y": "z"}])],
    ],
)
@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_json_file_stays_json(asked: list[Edit], indent: Any) -> None:
    before = json.dumps(json.loads(JSON), indent=indent)
    after = edit_yaml(before, asked)
    assert after != before
    assert json.loads(after) == parse(after)


@pytest.mark.parametrize(
    ("block", "after"),
    [
        ("m: |\n  text", "m: |-\n  text\n"),
        ("m: |+ # kept\n  text", "m: |- # kept\n  text\n"),
        ("m: >2\n   text\n  x", "m: >2-\n   text\n  x\n"),
        ("m: |-\n  text", "m: |-\n  text\n"),
        ("m: |\n  text\n", "m: |\n  text\n"),
        ("m: |+\n  text\n\n", "m: |+\n  text\n\n"),
    ],
)
def test_a_file_that_ends_in_a_block_of_text_takes_a_new_key(block: str, after: str) -> None:
    edited = edit_yaml(block, [Set(("replicaCount",), 2)])
    assert edited.rstrip("\n") == after + "replicaCount: 2"
    assert parse(edited) == {**parse(block), "replicaCount": 2}


def test_the_last_keys_of_a_file_without_a_final_line_break_are_exchanged() -> None:
    asked = [Remove(("b", "d")), Set(("b", "e"), 3), Set(("f",), 4)]
    assert edit_yaml("a: 1\nb:\n  c: 1\n  d: 2", asked) == "a: 1\nb:\n  c: 1\n  e: 3\nf: 4"


def test_a_list_may_grow_and_change_in_one_request() -> None:
    before = "hosts:\n  - a  # first\n  - b  # second\n"
    assert edit_yaml(before, [Set(("hosts", 0), "x"), Append(("hosts",), "c")]) == (
        "hosts:\n  - x  # first\n  - b  # second\n  - c\n"
    )


NASTY = {
    "NEWLINE": "a\nb: c\n",
    "COLON": "a: b",
    "TEMPLATE": "{{ .Values.image.tag }}",
    "TAG": "!!python/object/apply:os.system [id]",
    "ANCHOR": "&a",
    "ALIAS": "*a",
    "DOCUMENT": "---",
    "BIDI": "\u202egnp.exe\u2066",
    "MEGABYTE": "x: {{ y }}\n" * 100_000,
}


@pytest.mark.parametrize("before", ["env: {}\n", "env:\n  A: b\n", '{"env": {}}', "env: &e\n  A: b\n"])
def test_text_of_a_variable_is_text_whatever_it_holds(before: str) -> None:
    after = edit_yaml(before, [Set(("env", name), text) for name, text in NASTY.items()])
    assert {name: parse(after)["env"][name] for name in NASTY} == NASTY
    assert not set(after) & {"\u202e", "\u2066", "\0"}


def test_nul_in_a_variable_is_refused() -> None:
    with pytest.raises(Invalid, match="NUL"):
        edit_yaml("env: {}\n", [Set(("env", "A"), "a\0b")])


@pytest.mark.parametrize("count", [1, 40])
def test_a_request_reads_the_file_once_however_many_edits_it_has(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    document, values, result = Document.read, edits.editable_values, edits.parse
    monkeypatch.setattr(Document, "read", lambda text: (read.append("places"), document(text))[1])
    monkeypatch.setattr(edits, "editable_values", lambda *text: (read.append("values"), values(*text))[1])
    monkeypatch.setattr(edits, "parse", lambda text: (read.append("result"), result(text))[1])
    before = "env:\n" + "".join(f"  V{number}: old\n" for number in range(100))
    after = edit_yaml(before, [Set(("env", f"V{number}"), "new") for number in range(0, count * 2, 2)])
    assert after.count("new") == count
    assert read == ["values", "places", "result"]
