"""An app joins by being installed: it edits no other app, and every door and page has what it offers."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT

HERE = Path(__file__).parent
ROOMY_S = 300


def environment() -> dict[str, str]:
    """Of a run with a platform and a database of its own: nothing that this run has chosen for itself."""
    ours = {name for name in os.environ.get("MCTL_TEST_CHOSE", "").split(",") if name}
    ours |= {"MCTL_TEST_CHOSE", "MCTL_TEST_WORKER", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "MCTL_BROKER_URL"}
    return {
        name: value for name, value in os.environ.items() if name not in ours and not name.startswith("PYTEST_XDIST")
    }


def test_every_page_and_door_has_what_a_new_app_offers() -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "--ds", "tests.joining.settings"]
    found = subprocess.run(
        [*argv, str(HERE / "checks.py")],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=ROOMY_S,
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]


def test_no_file_of_the_product_knows_it() -> None:
    """Its settings add its name to the list of apps; that is all it has beside its own folder."""
    argv = ["git", "grep", "--ignore-case", "--files-with-matches", "runbook", "--", ".", ":!tests", ":!*.md"]
    found = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert found.stdout.split() == []
    tree = ast.parse((HERE / "settings.py").read_text())
    assigned = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]  # type: ignore[attr-defined]
    assert assigned == ["_above", "INSTALLED_APPS"]
