"""What people type into the filter of a log is a text to find, whatever it looks like."""

import pytest

from services.queries import LogQuery
from services.queries.live import lines_with
from tests.hostile import superlinear

LINES = ["GET /orders 200", "ERROR: (a+)+$ failed", "password=.*", "\\", "a\0b", "ÄPFEL"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("(a+)+$", LINES[1:2]),
        (".*", LINES[2:3]),
        ("[", []),
        ("\\", LINES[3:4]),
        ("error", LINES[1:2]),
        ("äpfel", LINES[5:]),
        ("\0", LINES[4:5]),
        ("\ud800", []),
        ("", LINES),
    ],
)
def test_it_finds_these_very_characters_in_any_case(typed: str, found: list[str]) -> None:
    assert lines_with(typed, LINES) == found


def test_it_reads_no_more_of_it_than_a_line_needs() -> None:
    assert LogQuery.read({"contains": "x" * 5_000}).contains == "x" * 200


@pytest.mark.parametrize("typed", ["(a+)+$", "aaaaaaaaab", "x" * 200, "ab" * 99 + "c"])
def test_twice_the_log_is_twice_the_work(typed: str) -> None:
    assert superlinear(lambda text: lines_with(typed, text.split("\n")), ("a", "aaaaaaaaa\n", "ab", "x")) == {}
