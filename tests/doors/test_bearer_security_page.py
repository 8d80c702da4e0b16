"""docs/security.md names tests that exist, so that no attack counts as tried that nobody tries any more."""

import re
from pathlib import Path

import pytest

from tests.processes import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| \d", line)]
NAMED = sorted(set(re.findall(r"`([\w/]+/test_\w+\.py(?:::test_\w+)?)`", "\n".join(ROWS))))


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_exists(named: str) -> None:
    path, _, name = named.partition("::")
    file: Path = ROOT / "tests" / path
    assert file.exists()
    assert not name or re.search(rf"^(async )?def {name}\(", file.read_text(), re.MULTILINE)


def test_every_attack_of_the_list_has_a_row_and_a_test() -> None:
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 37))
    assert all("/test_" in row for row in ROWS)
