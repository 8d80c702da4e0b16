"""Python's `re` may try without end on a text that somebody has chosen; only the modules below may use it."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PRODUCT = [name for name in CONTRACTS["root_packages"] if name != "sandbox"]
MAY_USE_RE = {
    "accounts/actions/registration.py": "a host and port, read in one way only",
    "accounts/queries/failures.py": "an id of at most 64 characters",
    "core/names.py": "the grammar of names, each of bounded length",
    "integrations/gitops/yaml_braces.py": "a file whose size is bounded, at positions the parser gives",
    "integrations/gitops/yaml_changes.py": "the header of a block scalar, at its position",
    "integrations/yaml/text.py": "scalars of a file whose size is bounded",
    "integrations/gitops/yaml_tree.py": "a file whose size is bounded, at positions the parser gives",
    "integrations/gitops/yaml_write.py": "values of parameters, which are bounded",
    "integrations/kubernetes/selectors.py": "keys and values that we choose",
    "integrations/oidc/github.py": "a login of at most 100 characters",
    "mcp_server/authorization.py": "43 characters",
    "services/runners/certificates.py": "a host looked for as it stands",
}
THE_ENGINE = "core/patterns.py"


def modules_with(library: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")
            if library in imported(path)}  # fmt: skip


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_foreign_text_is_scanned_in_linear_time_only() -> None:
    assert modules_with("re") == set(MAY_USE_RE)


@pytest.mark.parametrize("library", ["re2", "regex"])
def test_there_is_one_engine_and_one_door_to_it(library: str) -> None:
    assert modules_with(library) <= {THE_ENGINE}
