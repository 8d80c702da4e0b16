"""What a file or a parameter holds costs its readers and writers no more than its length."""

from contextlib import suppress

import pytest

from integrations.gitops.yaml_tree import Document
from integrations.gitops.yaml_write import scalar
from integrations.yaml.events import UnreadableYaml
from integrations.yaml.text import parse
from tests.hostile import UNITS, Scan, as_cases, superlinear

YAML = (
    *("a: b\n", "- a\n", "a: {b: 1}\n", "# a\n", "&", "&x ", "!", "!!str ", "''"),
    *("1.2.3a", "1_0", "0x", "\\", "\\/", "<<: ", "a-", ":"),
)


def quietly(read: Scan) -> Scan:
    def scan(text: str) -> None:
        with suppress(UnreadableYaml):
            read(text)

    return scan


def written(text: str) -> None:
    for style in ("", "'", '"', "|"):
        scalar(f"1.2.3{text.encode('utf-8', 'replace').decode()}!", style=style)


READERS: dict[str, Scan] = {
    "a file as values": quietly(parse),
    "a file as places": quietly(Document.read),
    "a block scalar": quietly(lambda text: Document.read(f"a: |\n  {text}x\n  y\n")),
    "a kept block scalar": quietly(lambda text: Document.read(f"a: |+\n  x{text}\nb: 1\n")),
    "a quoted scalar": quietly(lambda text: parse(f'a: "{text}"')),
    "a number": quietly(lambda text: parse(f"a: 1{text}")),
    "a value to write": written,
}


@pytest.mark.parametrize("scan", as_cases(READERS))
def test_twice_the_text_is_twice_the_work(scan: Scan) -> None:
    assert superlinear(scan, (*UNITS, *YAML)) == {}
