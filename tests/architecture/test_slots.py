"""What an app hands to one below it goes through a slot, filled in `apps.py` alone."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.architecture.test_patterns import PRODUCT, ROOT


@cache
def statements() -> list[tuple[Path, ast.stmt]]:
    """Those of every module in which a slot could be declared, filled or set."""
    paths = [path for folder in (*PRODUCT, "sandbox") for path in (ROOT / folder).rglob("*.py")]
    texts = {path: path.read_text() for path in paths}
    return [
        (path.relative_to(ROOT), node)
        for path, text in texts.items()
        if "Slot(" in text or ".fill(" in text or ".value = " in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt)
    ]


def declared() -> set[str]:
    return {
        ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
        for _, node in statements()
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
        if ast.unparse(node.value.func).startswith("Slot")
    }


def filled() -> Iterator[tuple[str, str]]:
    """The slot's name and the file it is filled in."""
    for path, node in statements():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Attribute) and called.attr == "fill":
                yield ast.unparse(called.value), path.name


def set_by_hand() -> Iterator[str]:
    for path, node in statements():
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Attribute) and target.attr == "value" and ast.unparse(target.value) in declared():
                yield f"{path}:{node.lineno}"


def test_every_slot_is_filled_once_and_in_apps_alone() -> None:
    assert sorted(filled()) == [(name, "apps.py") for name in sorted(declared())]


def test_nobody_sets_by_hand_what_a_slot_holds() -> None:
    assert list(set_by_hand()) == []
