"""The protocol's own conformance suite and its Inspector, on real servers. `make test-conformance` fetches both.

Without MCTL_NODE_MODULES, the folder that it fetches them into, these tests are skipped.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_server.catalogue import catalogue
from tests.mcp_server.clients import secret_of, served
from tests.mcp_server.everything import everything

MODULES = Path(os.environ.get("MCTL_NODE_MODULES", ""))
SUITE = MODULES / "@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = MODULES / ".bin/mcp-inspector"
pytestmark = [
    pytest.mark.skipif(not os.environ.get("MCTL_NODE_MODULES"), reason="needs make test-conformance"),
    pytest.mark.filterwarnings("ignore:The logging capability is deprecated"),
]
LONGEST_S = 900
# Without sessions nobody can be asked on a connection of 2025, nor does a stream of one outlive its request.
NOT_ON_STATELESS_2025 = """server:
  - tools-call-sampling
  - tools-call-elicitation
  - elicitation-sep1034-defaults
  - elicitation-sep1330-enums
  - server-sse-polling
  - server-sse-multiple-streams
"""


def node(*argv: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(MODULES / ".bin/node"), *map(str, argv)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S)


@pytest.fixture
def suite_server(small_world: None, settings: Any) -> Iterator[str]:
    with served(everything(secret_of("dev", "read", "write"))) as url:
        # The suite sends the Origin of a page of this very server.
        settings.PUBLIC_URL = url.removesuffix("/mcp")
        yield url


def summary(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout.rpartition("=== SUMMARY ===")[2]


def test_all_37_scenarios_of_2026_07_28_pass(suite_server: str, tmp_path: Path) -> None:
    said = summary(node(SUITE, "server", "--url", suite_server, "--requirements", "2026-07-28", folder=tmp_path))
    scored, _, others = said.partition("Not scored")
    passed = set(re.findall(r"✓ ([\w-]+): [1-9]\d* passed, 0 failed", scored))
    assert len(passed - set(re.findall(r"[✓✗] ([\w-]+) \(", others))) == 37
    # The tasks of SEP-2663 are an extension that the SDK does not have, and they are never scored.
    assert all(name.startswith("tasks-") for name in re.findall(r"✗ ([\w-]+):", scored))


def test_2025_11_25_is_clean_but_for_what_needs_sessions(suite_server: str, tmp_path: Path) -> None:
    (tmp_path / "baseline.yml").write_text(NOT_ON_STATELESS_2025)
    said = summary(
        node(
            SUITE, "server", "--url", suite_server, "--suite", "all", "--spec-version", "2025-11-25",
            "--expected-failures", "baseline.yml", folder=tmp_path,
        )
    )  # fmt: skip
    assert set(re.findall(r"✗ ([\w-]+):", said)) <= set(re.findall(r"- ([\w-]+)", NOT_ON_STATELESS_2025))


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_no_fault_in_any_schema(server: str, tmp_path: Path, era: str) -> None:
    header = f"Authorization: Bearer {secret_of('dev', 'read', 'write')}"
    done = node(
        INSPECTOR, "--cli", server, "--transport", "http", "--header", header, "--protocol-era", era,
        "--method", "tools/list", "--strict", folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert {one["name"] for one in json.loads(done.stdout)["tools"]} == set(catalogue())
