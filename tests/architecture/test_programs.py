"""Programs are started in one place, with a list of arguments; nothing of the product knows a shell."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PRODUCT = [name for name in CONTRACTS["tool"]["importlinter"]["root_packages"] if name != "sandbox"]
MODULES = {"subprocess", "pty", "multiprocessing"}
# Of os and asyncio.
CALLS = {"system", "popen", "posix_spawn", "posix_spawnp", "fork", "forkpty", "execv", "execve", "execvp", "execvpe"}
CALLS |= {"create_subprocess_exec", "create_subprocess_shell"}
# The second is what the first runs the helm program within, to limit its memory.
ALLOWED = {"integrations/helm/rendering.py", "integrations/helm/render_program.py"}


def starts_programs(file: Path) -> bool:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] in MODULES for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            module, names = node.module or "", {alias.name for alias in node.names}
            if module.split(".")[0] in MODULES or (module in {"os", "asyncio"} and names & CALLS):
                return True
        is_call = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in CALLS
        if is_call and node.value.id in {"os", "asyncio"}:
            return True
    return False


def test_only_the_helm_gateway_starts_programs() -> None:
    files = [file for package in PRODUCT for file in (ROOT / package).rglob("*.py")]
    assert {str(file.relative_to(ROOT)) for file in files if starts_programs(file)} == ALLOWED
