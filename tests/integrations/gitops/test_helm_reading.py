"""What MCTL reads in a values file is what Helm reads in it, or the file is refused with its line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from integrations import helm
from integrations.gitops.values_file import root_of
from integrations.yaml.events import UnreadableYaml
from tests.integrations.gitops.helm_reader import HelmReader
from tests.integrations.gitops.odd_files import SEEDS, files

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
FOUND = sorted((CASES / "found" / "gitops").glob("*.yaml"))
LONG = settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
SHORT = settings(LONG, max_examples=300)

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm-python-sdk")


@pytest.fixture(scope="module")
def oracle() -> Iterator[HelmReader]:
    reader = HelmReader()
    yield reader
    reader.stop()


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return bool(one == other)


def compared(oracle: HelmReader, text: str) -> str:
    """ "equal" or "refused". Fails where both read the text and differ, or where only MCTL reads it."""
    try:
        ours = root_of(text)
    except UnreadableYaml:
        return "refused"
    theirs = oracle.read(text)
    assert theirs is not None, f"only MCTL reads it, as {ours}"
    assert same(dict(ours), theirs), f"MCTL reads {ours}, Helm {theirs}"
    return "equal"


@pytest.mark.parametrize("text", SEEDS)
def test_every_file_of_the_world_is_read_alike(oracle: HelmReader, text: str) -> None:
    assert compared(oracle, text) == "equal"


@pytest.mark.skipif(not FOUND, reason="needs shared/cases/found/gitops")
@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_files_that_were_once_read_wrongly_are_read_alike_or_refused(oracle: HelmReader, file: Path) -> None:
    text = file.read_bytes().decode()
    is_refused = any(word in file.name for word in ("alias-expansion", "recursive", "unclosed"))
    assert compared(oracle, text) == ("refused" if is_refused else "equal")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("tag: 86e1234", {"tag": "86e1234"}),
        ("tag: 0xdeadbeefdeadbeefdeadbeef", {"tag": "0xdeadbeefdeadbeefdeadbeef"}),
        ("a: 9007199254740993", {"a": 9007199254740992}),
        ("y: n", {"true": False}),
        ("1.5: 1.0", {"1.5": 1}),
        ("a: 12:30:45\nb: 2026-11-30", {"a": "12:30:45", "b": "2026-11-30"}),
        ("a: 0o644\nb: 08\nc: 1e3\nd: 1_000", {"a": 420, "b": 8, "c": 1000, "d": 1000}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("b: &b {t: 1}\ni: {t: 9, <<: *b}\nj: {<<: *b, t: 9}", {"b": {"t": 1}, "i": {"t": 1}, "j": {"t": 9}}),
        ("a: 1\n---\nb: [", {"a": 1}),
        ("a: !unknown x", {"a": "x"}),
        ("a:\tb", {"a": "b"}),
        ("", {}),
    ],
)
def test_where_readers_of_yaml_differ_go_is_right(oracle: HelmReader, text: str, values: dict[str, Any]) -> None:
    assert same(dict(root_of(text)), values)
    assert oracle.read(text) == values


@pytest.mark.parametrize("text", ["a: {c?b: 1}", "a: [x?y]", "a: {b: http://x?y=1}", "a: [b, {c: [d?]}]"])
def test_a_question_mark_in_brackets_without_quotes_is_refused(text: str) -> None:
    with pytest.raises(UnreadableYaml, match="question mark"):
        root_of(text)


@pytest.mark.parametrize(
    "text", ["a: c?b", "a: {?c: 1}", "a: {b: 'x?y'}", "a: [b]\nc: d?", "a: {b: [c]}\nd: {}\ne: f?"]
)
def test_any_other_question_mark_is_read(oracle: HelmReader, text: str) -> None:
    assert compared(oracle, text) == "equal"


def test_generated_files_are_read_alike_or_refused(oracle: HelmReader) -> None:
    _compare_generated(oracle, SHORT)


@pytest.mark.faults
def test_many_generated_files_are_read_alike_or_refused(oracle: HelmReader) -> None:
    _compare_generated(oracle, LONG)


def _compare_generated(oracle: HelmReader, effort: settings) -> None:
    outcomes: list[str] = []

    @effort
    @given(text=files())
    def compare(text: str) -> None:
        outcomes.append(compared(oracle, text))

    compare()
    print({outcome: outcomes.count(outcome) for outcome in set(outcomes)})
    assert outcomes.count("equal") > len(outcomes) / 5
