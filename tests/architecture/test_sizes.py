"""Size has a stop: a module that must grow becomes a package, a function becomes two."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES = (*CONTRACTS["root_packages"], "bench", "tests")
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_VIEW, LONGEST_PART = 400, 50, 25, 120
WIDEST_TEMPLATE, LARGEST_TEMPLATE = 140, 5_000
# Modules and packages that answer a request, a call or a message.
DOORS = {"views", "api", "tools", "consumers", "admin"}
DOORS_BY_OTHER_NAMES = {
    "mcp_server": {"calls", "endpoint", "gate", "oauth", "resources"},
    "mctl": {"api_system", "api_v1", "probes", "sockets"},
}


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_and_its_functions_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST_MODULE, f"{lines} lines"
    long = {name: length for name, length in functions(path) if length > LONGEST_FUNCTION}
    assert not long


def is_door(path: Path) -> bool:
    package, *names = path.relative_to(ROOT).with_suffix("").parts
    return package not in {"bench", "tests"} and bool({*names} & (DOORS | DOORS_BY_OTHER_NAMES.get(package, set())))


@pytest.mark.parametrize("path", [path for path in modules() if is_door(path)], ids=relative)
def test_a_door_translates_and_nothing_more(path: Path) -> None:
    assert not {name: length for name, length in functions(path) if length > LONGEST_VIEW}


def test_parts_of_pages_stay_small() -> None:
    parts = {relative(path): len(path.read_text().splitlines()) for path in (ROOT / "templates").rglob("_*.html")}
    assert not {path: lines for path, lines in parts.items() if lines > LONGEST_PART}


def test_a_template_is_neither_wide_nor_large() -> None:
    texts = {path.relative_to(ROOT / "templates"): path.read_text() for path in (ROOT / "templates").rglob("*.html")}
    wide = {str(path) for path, text in texts.items() if max(map(len, text.splitlines())) > WIDEST_TEMPLATE}
    assert wide == set()
    assert {str(path): len(text) for path, text in texts.items() if len(text) > LARGEST_TEMPLATE} == {}


def test_stylesheets_and_scripts_stay_small() -> None:
    files = [path for ending in ("*.css", "*.js") for path in (ROOT / "static").rglob(ending)]
    lengths = {relative(path): len(path.read_text().splitlines()) for path in files}
    assert not {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE}
